"""What a participant answers with: the keyboard, read by the back end with the best time stamps."""
