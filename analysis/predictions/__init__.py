"""The model's six predictions, a module each: which rows of the study table speak to them."""
