"""The pilot set's own words: nine families of mental states, four words each, English and German.

Words of one family never meet in an item. Each word carries what the generator draws for it, so
what an item asks and what its picture shows come from the same row.
"""

from __future__ import annotations

from dataclasses import dataclass

from stimuli.eyes_pilot.face import Expression


@dataclass(frozen=True, slots=True)
class Word:
    """A mental state: its names, meanings, place in the design and what the eyes do."""

    en: str
    de: str
    meaning_en: str
    meaning_de: str
    valence: float
    """Designed pleasantness, -1 to 1; never rated by anyone."""
    expression: Expression


@dataclass(frozen=True, slots=True)
class Family:
    """Four words from one region of pleasantness, arousal and attention."""

    name: str
    words: tuple[Word, Word, Word, Word]


E = Expression

FAMILIES = (
    Family(
        "calm",
        (
            Word(
                "friendly",
                "freundlich",
                "showing that you like someone and wish them well",
                "jemandem zugewandt und wohlgesinnt",
                0.8,
                E(cheek=0.75, inner_brow=0.2, outer_brow=0.3, lid=0.05, pupil=0.6),
            ),
            Word(
                "content",
                "zufrieden",
                "pleased with how things are",
                "froh darüber, wie es gerade ist",
                0.7,
                E(cheek=0.75, lid=-0.15, inner_brow=0.2, outer_brow=0.35),
            ),
            Word(
                "peaceful",
                "friedlich",
                "quiet inside, with nothing to trouble you",
                "innerlich still und ohne Sorge",
                0.6,
                E(cheek=0.5, lid=-1.65, gaze_y=0.2, outer_brow=0.25, inner_brow=0.1),
            ),
            Word(
                "tender",
                "liebevoll",
                "full of gentle love for someone",
                "voll sanfter Zuneigung",
                0.8,
                E(
                    cheek=0.45,
                    inner_brow=0.5,
                    lid=-0.2,
                    gaze_x=0.15,
                    gaze_y=0.45,
                    roll_deg=6,
                    pupil=0.8,
                ),
            ),
        ),
    ),
    Family(
        "merry",
        (
            Word(
                "playful",
                "verspielt",
                "in the mood for games and nonsense",
                "zu Spiel und Unsinn aufgelegt",
                0.7,
                E(cheek=0.65, brow_lift=0.7, gaze_x=0.75, roll_deg=-5, outer_brow=0.1),
            ),
            Word(
                "amused",
                "belustigt",
                "finding something funny",
                "etwas komisch finden",
                0.7,
                E(cheek=1.0, squint=0.5, outer_brow=0.15, gaze_x=-0.2),
            ),
            Word(
                "teasing",
                "neckend",
                "making fun of someone in a kindly way",
                "jemanden gutmütig auf den Arm nehmen",
                0.5,
                E(cheek=0.65, wink=0.95, brow_lift=-0.6, roll_deg=4),
            ),
            Word(
                "delighted",
                "begeistert",
                "very happy about something just now",
                "über etwas gerade hocherfreut",
                0.95,
                E(cheek=0.75, inner_brow=0.7, outer_brow=0.75, lid=0.5, pupil=0.5),
            ),
        ),
    ),
    Family(
        "alert",
        (
            Word(
                "surprised",
                "überrascht",
                "met by something you did not expect",
                "von etwas Unerwartetem getroffen",
                0.15,
                E(inner_brow=0.9, outer_brow=0.95, lid=0.85),
            ),
            Word(
                "attentive",
                "aufmerksam",
                "listening or looking with full interest",
                "mit ganzem Interesse zuhören oder hinsehen",
                0.25,
                E(lid=0.5, outer_brow=0.35, inner_brow=0.2, pupil=0.3),
            ),
            Word(
                "amazed",
                "erstaunt",
                "filled with wonder at something extraordinary",
                "voller Staunen über etwas Außergewöhnliches",
                0.45,
                E(inner_brow=1.0, outer_brow=1.0, lid=0.7, gaze_y=-0.6, pupil=0.6),
            ),
            Word(
                "curious",
                "neugierig",
                "wanting to find out more",
                "mehr erfahren wollen",
                0.35,
                E(inner_brow=0.4, outer_brow=0.65, lid=0.5, gaze_x=0.6, roll_deg=7, pupil=0.4),
            ),
        ),
    ),
    Family(
        "afraid",
        (
            Word(
                "frightened",
                "verängstigt",
                "feeling that you are in danger",
                "sich in Gefahr fühlen",
                -0.9,
                E(inner_brow=1.0, frown=0.55, outer_brow=0.3, lid=1.0, squint=0.3, pupil=-0.3),
            ),
            Word(
                "pleading",
                "flehend",
                "asking for something with all your heart",
                "inständig um etwas bitten",
                -0.4,
                E(inner_brow=1.1, frown=0.2, lid=0.3, gaze_y=-0.5, pupil=0.8, wet=0.8),
            ),
            Word(
                "nervous",
                "nervös",
                "restless because of what is to come",
                "unruhig wegen dem, was bevorsteht",
                -0.45,
                E(inner_brow=0.65, frown=0.4, lid=0.55, squint=0.3, gaze_x=-0.95),
            ),
            Word(
                "worried",
                "besorgt",
                "thinking that something bad may happen",
                "befürchten, dass etwas Schlimmes geschieht",
                -0.6,
                E(inner_brow=0.9, frown=0.5, lid=0.15, gaze_x=0.4),
            ),
        ),
    ),
    Family(
        "sad",
        (
            Word(
                "unhappy",
                "unglücklich",
                "not at all glad about your life or your day",
                "mit seinem Leben oder Tag gar nicht froh",
                -0.75,
                E(inner_brow=1.0, frown=0.35, lid=-0.3, wet=0.4),
            ),
            Word(
                "lonely",
                "einsam",
                "missing the company of others",
                "die Nähe anderer vermissen",
                -0.6,
                E(inner_brow=0.9, frown=0.15, lid=-0.2, gaze_x=-0.75, gaze_y=0.35, wet=0.5),
            ),
            Word(
                "gloomy",
                "bedrückt",
                "seeing only the dark side of things",
                "nur noch die dunkle Seite sehen",
                -0.65,
                E(inner_brow=0.65, frown=0.55, lid=-0.4, gaze_y=0.5, gaze_x=-0.2),
            ),
            Word(
                "mournful",
                "kummervoll",
                "full of grief over a loss",
                "voller Schmerz über einen Verlust",
                -0.85,
                E(inner_brow=1.1, frown=0.3, lid=-0.35, gaze_y=0.75, roll_deg=-4, wet=0.8),
            ),
        ),
    ),
    Family(
        "weary",
        (
            Word(
                "drained",
                "erschöpft",
                "with no strength left",
                "ohne jede Kraft",
                -0.5,
                E(lid=-0.5, inner_brow=0.45, gaze_y=0.5, gaze_x=0.15),
            ),
            Word(
                "bored",
                "gelangweilt",
                "finding nothing of interest here",
                "hier nichts Spannendes finden",
                -0.35,
                E(lid=-0.48, gaze_x=0.75, gaze_y=-0.25),
            ),
            Word(
                "tired",
                "müde",
                "in need of rest",
                "ruhebedürftig",
                -0.25,
                E(lid=-0.58, inner_brow=0.1),
            ),
            Word(
                "sleepy",
                "schläfrig",
                "about to fall asleep",
                "kurz vor dem Einschlafen",
                -0.05,
                E(lid=-0.84, inner_brow=0.35, outer_brow=0.45, wink=0.12),
            ),
        ),
    ),
    Family(
        "inward",
        (
            Word(
                "absorbed",
                "versunken",
                "so busy with one thing that you notice nothing else",
                "so bei einer Sache, dass man sonst nichts bemerkt",
                0.1,
                E(gaze_y=0.9, gaze_x=-0.25, frown=0.25),
            ),
            Word(
                "dreamy",
                "verträumt",
                "far away in pleasant thoughts",
                "in schönen Gedanken weit fort",
                0.35,
                E(gaze_x=0.4, gaze_y=-0.8, lid=-0.2, inner_brow=0.35, cheek=0.2, pupil=0.8),
            ),
            Word(
                "thoughtful",
                "nachdenklich",
                "turning something over in your mind",
                "etwas im Kopf hin und her wenden",
                0.05,
                E(gaze_x=-0.75, gaze_y=-0.6, frown=0.3),
            ),
            Word(
                "puzzled",
                "ratlos",
                "unable to make sense of something",
                "sich keinen Reim auf etwas machen können",
                -0.15,
                E(brow_lift=0.9, frown=0.5, gaze_x=0.35, gaze_y=-0.35, roll_deg=5),
            ),
        ),
    ),
    Family(
        "wary",
        (
            Word(
                "scornful",
                "verächtlich",
                "looking down on someone",
                "auf jemanden herabsehen",
                -0.7,
                E(lid=-0.42, gaze_y=0.4, nose=0.6, brow_lift=-0.5, frown=0.3, squint=0.4),
            ),
            Word(
                "watchful",
                "wachsam",
                "on your guard and missing nothing",
                "auf der Hut, ohne etwas zu übersehen",
                -0.1,
                E(squint=0.6, frown=0.3, lid=0.2, gaze_x=-0.9),
            ),
            Word(
                "doubtful",
                "zweifelnd",
                "not convinced that it is true",
                "nicht überzeugt, dass es stimmt",
                -0.25,
                E(brow_lift=1.0, lid=-0.15, squint=0.5, frown=0.2),
            ),
            Word(
                "suspicious",
                "misstrauisch",
                "believing that someone is up to no good",
                "jemandem Böses zutrauen",
                -0.5,
                E(lid=-0.28, squint=0.9, frown=0.5, gaze_x=0.9),
            ),
        ),
    ),
    Family(
        "angry",
        (
            Word(
                "angry",
                "wütend",
                "strongly against what someone did",
                "heftig gegen das, was jemand getan hat",
                -0.8,
                E(frown=1.0, squint=0.5, lid=0.25),
            ),
            Word(
                "furious",
                "rasend",
                "beside yourself with anger",
                "außer sich vor Zorn",
                -0.95,
                E(frown=1.15, squint=0.6, lid=0.85, nose=0.7, pupil=-0.4),
            ),
            Word(
                "annoyed",
                "genervt",
                "bothered by something small",
                "von einer Kleinigkeit gestört",
                -0.5,
                E(frown=0.75, lid=-0.3, gaze_x=0.5, nose=0.4),
            ),
            Word(
                "stern",
                "streng",
                "serious and expecting to be obeyed",
                "ernst und Gehorsam erwartend",
                -0.4,
                E(frown=0.7, squint=0.15),
            ),
        ),
    ),
)
"""In a ring: neighbours are alike, and the last is as far from the first as can be."""

PRACTICE = (
    Word(
        "happy",
        "fröhlich",
        "feeling good and glad",
        "gut gelaunt und froh",
        0.9,
        E(cheek=0.9, outer_brow=0.3, inner_brow=0.2, pupil=0.4),
    ),
    Word("scared", "erschrocken", "suddenly afraid", "plötzlich voller Angst", -0.8, E()),
    Word("cross", "böse", "a little angry with someone", "auf jemanden zornig", -0.5, E()),
    Word("drowsy", "dösig", "half asleep", "halb eingeschlafen", -0.1, E()),
)
"""The practice item's words; the first is its target, and none is used again."""
