"""Sources of the rules that the tables name, as text and as BibTeX.

Each was looked up in a bibliography or a publisher's page, not taken from memory. What a task's own
log cites comes from that task and is not among them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """A publication, and the words of a rule that bring it into a methods text."""

    key: str
    authors: tuple[str, ...]
    """Surname, initials."""
    year: int
    title: str
    journal: str
    """Or the publisher of a book, which has no volume."""
    volume: str
    pages: str
    words: tuple[str, ...]
    doi: str = ""

    @property
    def text(self) -> str:
        """As a line of a list of references.

        >>> BY_KEY["hautus1995"].text.partition(". Behavior")[0]
        "Hautus, M. J. (1995). Corrections for extreme proportions and their biasing effects on \
estimated values of d'"
        """
        first, last = self.authors[:-1], self.authors[-1]
        names = ", & ".join(filter(None, [", ".join(first), last]))
        place = f"{self.journal}, {self.volume}, {self.pages}" if self.volume else self.journal
        doi = f" doi:{self.doi}" if self.doi else ""
        return f"{names} ({self.year}). {self.title}. {place}.{doi}"

    @property
    def bibtex(self) -> str:
        """As an entry of a BibTeX file."""
        fields = {"author": " and ".join(self.authors), "title": f"{{{self.title}}}"}
        fields["journal" if self.volume else "publisher"] = self.journal
        fields |= {"year": str(self.year), "volume": self.volume}
        fields |= {"pages": self.pages.replace("-", "--"), "doi": self.doi}
        body = ",\n".join(f"  {name} = {{{text}}}" for name, text in fields.items() if text)
        kind = "article" if self.volume else "book"
        return f"@{kind}{{{self.key},\n{body}\n}}"


REFERENCES = (
    Reference(
        "agresti2000",
        ("Agresti, A.", "Caffo, B."),
        2000,
        "Simple and effective confidence intervals for proportions and differences of proportions "
        "result from adding two successes and two failures",
        "The American Statistician",
        *("54", "280-288", ("Agresti & Caffo",)),
    ),
    Reference(
        "delong1988",
        ("DeLong, E. R.", "DeLong, D. M.", "Clarke-Pearson, D. L."),
        1988,
        "Comparing the areas under two or more correlated receiver operating characteristic "
        "curves: A nonparametric approach",
        "Biometrics",
        *("44", "837-845", ("DeLong",), "10.2307/2531595"),
    ),
    Reference(
        "feldt1965",
        ("Feldt, L. S.",),
        1965,
        "The approximate sampling distribution of Kuder-Richardson reliability coefficient twenty",
        "Psychometrika",
        *("30", "357-370", ("Feldt",), "10.1007/BF02289499"),
    ),
    Reference(
        "gourevitch1967",
        ("Gourevitch, V.", "Galanter, E."),
        1967,
        "A significance test for one parameter isosensitivity functions",
        "Psychometrika",
        *("32", "25-33", ("log-linear (k+.5)",), "10.1007/BF02289402"),
    ),
    Reference(
        "hautus1995",
        ("Hautus, M. J.",),
        1995,
        "Corrections for extreme proportions and their biasing effects on estimated values of d'",
        "Behavior Research Methods, Instruments, & Computers",
        *("27", "46-51", ("log-linear",), "10.3758/BF03203619"),
    ),
    Reference(
        *("huber1981", ("Huber, P. J.",), 1981, "Robust statistics", "Wiley"),
        *("", "", ("Huber's M-estimate",)),
    ),
    Reference(
        "johnson2008",
        ("Johnson, M. W.", "Bickel, W. K."),
        2008,
        "An algorithm for identifying nonsystematic delay-discounting data",
        "Experimental and Clinical Psychopharmacology",
        *("16", "264-274", ("Johnson & Bickel",), "10.1037/1064-1297.16.3.264"),
    ),
    Reference(
        "kaplan2016",
        (
            *("Kaplan, B. A.", "Amlung, M.", "Reed, D. D.", "Jarmolowicz, D. P."),
            *("McKerchar, T. L.", "Lemley, S. M."),
        ),
        2016,
        "Automating scoring of delay discounting for the 21- and 27-item Monetary Choice "
        "Questionnaires",
        "The Behavior Analyst",
        *("39", "293-304", ("boundary rule",), "10.1007/s40614-016-0070-9"),
    ),
    Reference(
        "kirby1999",
        ("Kirby, K. N.", "Petry, N. M.", "Bickel, W. K."),
        1999,
        "Heroin addicts have higher discount rates for delayed rewards than non-drug-using "
        "controls",
        "Journal of Experimental Psychology: General",
        *("128", "78-87", ("boundary rule",), "10.1037/0096-3445.128.1.78"),
    ),
    Reference(
        "knapp2003",
        ("Knapp, G.", "Hartung, J."),
        2003,
        "Improved tests for a random effects meta-regression with a single covariate",
        "Statistics in Medicine",
        *("22", "2693-2710", ("Knapp & Hartung",), "10.1002/sim.1482"),
    ),
    Reference(
        "liesefeld2019",
        ("Liesefeld, H. R.", "Janczyk, M."),
        2019,
        "Combining speed and accuracy to control for speed-accuracy trade-offs(?)",
        "Behavior Research Methods",
        *("51", "40-60", ("z(correct/answered) - z(mean RT)",), "10.3758/s13428-018-1076-x"),
    ),
    Reference(
        "mackinnon2004",
        ("MacKinnon, D. P.", "Lockwood, C. M.", "Williams, J."),
        2004,
        "Confidence limits for the indirect effect: Distribution of the product and resampling "
        "methods",
        "Multivariate Behavioral Research",
        *("39", "99-128", ("Monte-Carlo interval of a*b",), "10.1207/s15327906mbr3901_4"),
    ),
    Reference(
        "mcgraw1996",
        ("McGraw, K. O.", "Wong, S. P."),
        1996,
        "Forming inferences about some intraclass correlation coefficients",
        "Psychological Methods",
        *("1", "30-46", ("ICC(",)),
    ),
    Reference(
        "montoya2017",
        ("Montoya, A. K.", "Hayes, A. F."),
        2017,
        "Two-condition within-participant statistical mediation analysis: A path-analytic "
        "framework",
        "Psychological Methods",
        *("22", "6-27", ("mediation within persons",), "10.1037/met0000086"),
    ),
    Reference(
        "myerson2001",
        ("Myerson, J.", "Green, L.", "Warusawitharana, M."),
        2001,
        "Area under the curve as a measure of discounting",
        "Journal of the Experimental Analysis of Behavior",
        *("76", "235-243", ("trapezoids over delay",), "10.1901/jeab.2001.76-235"),
    ),
    Reference(
        "parsons2019",
        ("Parsons, S.", "Kruijt, A.-W.", "Fox, E."),
        2019,
        "Psychological science needs a standard practice of reporting the reliability of "
        "cognitive-behavioral measurements",
        "Advances in Methods and Practices in Psychological Science",
        *("2", "378-395", ("split-half",), "10.1177/2515245919879695"),
    ),
    Reference(
        "pronk2022",
        ("Pronk, T.", "Molenaar, D.", "Wiers, R. W.", "Murre, J."),
        2022,
        "Methods to split cognitive task data for estimating split-half reliability: A "
        "comprehensive review and systematic assessment",
        "Psychonomic Bulletin & Review",
        *("29", "44-54", ("split-half",)),
    ),
    Reference(
        "schuirmann1987",
        ("Schuirmann, D. J.",),
        1987,
        "A comparison of the two one-sided tests procedure and the power approach for assessing "
        "the equivalence of average bioavailability",
        "Journal of Pharmacokinetics and Biopharmaceutics",
        *("15", "657-680", ("TOST",)),
    ),
    Reference(
        "sen1968",
        ("Sen, P. K.",),
        1968,
        "Estimates of the regression coefficient based on Kendall's tau",
        "Journal of the American Statistical Association",
        *("63", "1379-1389", ("Sen 1968",), "10.1080/01621459.1968.10480934"),
    ),
    Reference(
        "sobel1982",
        ("Sobel, M. E.",),
        1982,
        "Asymptotic confidence intervals for indirect effects in structural equation models",
        "Sociological Methodology",
        *("13", "290-312", ("by Sobel",), "10.2307/270723"),
    ),
    Reference(
        "spearman1904",
        ("Spearman, C.",),
        1904,
        "The proof and measurement of association between two things",
        "The American Journal of Psychology",
        *("15", "72-101", ("product of the reliabilities", "Spearman, rating"), "10.2307/1412159"),
    ),
    Reference(
        "vandierendonck2017",
        ("Vandierendonck, A.",),
        2017,
        "A comparison of methods to combine speed and accuracy measures of performance: A "
        "rejoinder on the binning procedure",
        "Behavior Research Methods",
        *("49", "653-673", ("S_RT/S_PE",)),
    ),
    Reference(
        "vanselst1994",
        ("Van Selst, M.", "Jolicoeur, P."),
        1994,
        "A solution to the effect of sample size on outlier elimination",
        "The Quarterly Journal of Experimental Psychology Section A",
        *("47", "631-650", ("trim=recursive",)),
    ),
    Reference(
        "viechtbauer2005",
        ("Viechtbauer, W.",),
        2005,
        "Bias and efficiency of meta-analytic variance estimators in the random-effects model",
        "Journal of Educational and Behavioral Statistics",
        *("30", "261-293", ("REML",), "10.3102/10769986030003261"),
    ),
    Reference(
        "wagenmakers2007",
        ("Wagenmakers, E.-J.", "van der Maas, H. L. J.", "Grasman, R. P. P. P."),
        2007,
        "An EZ-diffusion model for response time and accuracy",
        "Psychonomic Bulletin & Review",
        *("14", "3-22", ("EZ, ",), "10.3758/BF03194023"),
    ),
    Reference(
        "wilson1927",
        ("Wilson, E. B.",),
        1927,
        "Probable inference, the law of succession, and statistical inference",
        "Journal of the American Statistical Association",
        *("22", "209-212", ("wilson",)),
    ),
)
"""By their keys; the words are those of the columns ``method`` and ``ci_method``."""

BY_KEY = {reference.key: reference for reference in REFERENCES}


def cited(rules: str) -> list[Reference]:
    """The sources of the rules in a text.

    >>> [one.key for one in cited("KR-20; Feldt's interval")]
    ['feldt1965']
    """
    return [one for one in REFERENCES if any(words in rules for words in one.words)]
