"""The predictions as models of single trials for R (lme4), and the script that fits them."""

from __future__ import annotations

FORMULAS = {
    "1": "correct ~ state * group * condition + valence + form + run + "
    "(1 + state | participant) + (1 | stim_id)",
    "2": "correct ~ affect_within + affect_between + state * group + "
    "(1 + affect_within || participant) + (1 | stim_id)",
    "3": "rating_z ~ norm_z * mentalising_z + (1 + norm_z | participant) + (1 | stim_id)",
    "4": "correct ~ state * (anxiety_z * avoidance_z + disorganisation_z) + "
    "(1 + state | participant) + (1 | stim_id)",
    "5": "said_old ~ old * word_class * state * group + (1 + old | participant) + (1 | word)",
    "6": "log(rt_s) ~ related * sense * soa * group + (1 + related * sense || participant) + "
    "(1 | prime) + (1 | target)",
    "delay": "chose_later ~ value_difference * state * group + "
    "(1 + value_difference + state | participant)",
    "costs": "cost ~ trust_bias_change + ln_k_change",
}
"""For each prediction the model that uses every trial instead of one value a person."""

SCRIPT = f"""\
# The predictions as mixed models of single trials, for R with lme4. Run it in this folder:
#   Rscript models.R
# It reads trials_*.tsv and states.tsv, and participants.tsv of the study two folders up, fits what
# the data allow, and prints it. Nothing in it decides; look at convergence before at a coefficient.
library(lme4)

table_of <- function(file) read.delim(file, na.strings = "n/a", quote = "",
                                      colClasses = c(participant = "character",
                                                     session = "character"))
states <- table_of("states.tsv")
felt <- c("pleasure", "arousal", "distress", "love")
people <- file.path("..", "..", "participants.tsv")
groups <- if (file.exists(people)) read.delim(people, na.strings = "n/a", quote = "",
                                              colClasses = "character") else NULL
with_states <- function(file) {{
  trials <- merge(table_of(file),
                  states[c("participant", "session", "task", "run", "state", felt)],
                  by = c("participant", "session", "task", "run"), all.x = TRUE)
  trials <- trials[trials$practice == "false" & is.na(trials$excluded), ]
  if (!is.null(groups) && "group" %in% names(groups))
    trials$group <- groups$group[match(paste0("sub-", trials$participant), groups$participant_id)]
  trials
}}
# A factor with one level cannot be in a model: its term is left out and told.
usable <- function(name, trials) name %in% names(trials) &&
  length(unique(na.omit(trials[[name]]))) > 1
formula_of <- function(text, trials, optional) {{
  for (name in optional) if (!usable(name, trials)) {{
    message("left out, because there is nothing to compare: ", name)
    text <- gsub(paste0(" *[*+] *", name, "\\\\b"), "", text)
  }}
  as.formula(text)
}}
fit <- function(title, model) {{
  cat("\\n==", title, "\\n")
  print(tryCatch(summary(model()), error = function(e) conditionMessage(e)))
}}

if (file.exists("trials_eyes.tsv")) {{
  eyes <- with_states("trials_eyes.tsv")
  eyes$correct <- as.integer(eyes$correct == "true")
  every <- eyes
  eyes <- eyes[!is.na(eyes$state), ]
  # Prediction 1: {FORMULAS["1"]}
  text <- "correct ~ state * group * condition + valence + form + run +
           (1 + state | participant) + (1 | stim_id)"
  fit("1: state", function() glmer(formula_of(text, eyes,
      c("group", "condition", "valence", "form", "run")), eyes, binomial))
  # Prediction 2: {FORMULAS["2"]}
  for (slider in c("pleasure", "distress")) if (usable(slider, every)) {{
    mental <- every[(is.na(every$condition) | every$condition == "mental") &
                      !is.na(every[[slider]]), ]
    mean_of <- function(x) ave(x, mental$participant, FUN = mean)
    mental$affect_between <- (mean_of(mental[[slider]]) - mean(mental[[slider]])) / 10
    mental$affect_within <- (mental[[slider]] - mean_of(mental[[slider]])) / 10
    text <- "correct ~ affect_within + affect_between + state * group +
             (1 + affect_within || participant) + (1 | stim_id)"
    fit(paste("2:", slider, "per 10 points"), function() glmer(formula_of(text, mental,
        c("group", "state")), mental, binomial))
    # The first step of the mediation: what the state does to the feeling, a row a run.
    runs <- unique(mental[c("participant", "session", "run", "state", slider)])
    if (usable("state", runs)) fit(paste("2: mediation, state on", slider), function()
      lmer(as.formula(paste(slider, "~ state + (1 | participant)")), runs))
  }}
}}
if (file.exists("trials_polysemy.tsv")) {{
  words <- with_states("trials_polysemy.tsv")
  words <- words[words$correct %in% "true" & words$sense %in% c("attachment", "other") &
                   words$rt_s > 0.25 & words$rt_s < 1.8, ]
  words$soa <- factor(words$soa_s)
  # Prediction 6: {FORMULAS["6"]}
  text <- "log(rt_s) ~ related * sense * soa * group + target_len + target_zipf +
           (1 + related * sense || participant) + (1 | prime) + (1 | target)"
  fit("6: words", function() lmer(formula_of(text, words,
      c("soa", "group", "target_len", "target_zipf")), words))
}}
# Prediction 3: {FORMULAS["3"]}
# Prediction 4: {FORMULAS["4"]}
#   scores: phenotype/*.tsv of the study, standardised over people
# Prediction 5: {FORMULAS["5"]}
# Delay: {FORMULAS["delay"]}
"""
"""An R script that reads the tables as they lie, fits two of the models and names the others."""
