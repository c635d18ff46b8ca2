"""Every measure in one or two plain sentences, so that nobody has to look elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

GENERAL = (
    (
        "Yardstick",
        "The same measure of real training rows against real rows kept aside: the best that anyone can honestly do.",
    ),
    (
        "Unseen real rows (holdout)",
        "Real rows kept aside before anything was learnt, so that they stand for people the generator never met.",
    ),
    ("95% interval", "A range that would hold the true value in 95 of 100 repetitions. A wide one means few rows."),
    (
        "Association",
        "How much one column tells about another, from 0 (nothing) to 1 (everything); from −1 where there is a direction.",
    ),
    (
        "Advantage of an attack",
        "How much an attack gains over a guess on rows that were learnt from: 0 nothing, 1 it finds everybody.",
    ),
    (
        "Quasi-identifier",
        "A column that names nobody alone but may do so together with others, such as age, sex and postcode.",
    ),
    (
        "Record",
        "What is drawn and compared as a whole: a row of a table; of a time series an entity with all its rows, or a window of them.",
    ),
    ("Quantile", "The value below which a given share of the rows lie; half of them lie below the 50% quantile."),
)

ALONG_TIME = (
    (
        "Autocorrelation",
        "How much a value says about the one so many rows later: 0 nothing, 1 everything; below 0 high follows low.",
    ),
    (
        "Season",
        "The number of rows after which values repeat, and the share of what varies around the trend that does.",
    ),
    (
        "ADF (augmented Dickey-Fuller test)",
        "Whether a series returns to a level of its own: it does if the statistic lies below the critical value.",
    ),
    (
        "Shift of level",
        "An entity's values are on another level after some moment than before, by more than chance gives.",
    ),
)

MEASURES = {
    "text_detection_auc": (
        "Detection AUC of texts",
        "The chance that a classifier of meaning and length ranks a synthetic text above an unseen real one: 0.5 it cannot tell, 1 always.",
    ),
    "mauve": (
        "MAUVE",
        "How far two crowds of texts overlap, from 0 to 1; it falls if texts are unlike real ones or lack their variety.",
    ),
    "frechet_text": (
        "Fréchet distance of texts",
        "How far means and spreads of two crowds of texts, taken as points by meaning, lie apart: 0 the same.",
    ),
    "topic_divergence": (
        "Topic divergence",
        "How differently often topics occur, in bits: 0 the same, 1 nothing in common.",
    ),
    "vocabulary_divergence": (
        "Vocabulary divergence",
        "How differently often words are used, in bits: 0 the same, 1 no word in common.",
    ),
    "distinct_2": (
        "Distinct-n",
        "The share of runs of n words that are different ones: low if texts repeat each other.",
    ),
    "self_bleu": (
        "Self-BLEU",
        "How much texts are made of runs of words of the others, from 0 to 1: high if they repeat each other.",
    ),
    "text_perplexity": (
        "Perplexity of unseen texts",
        "Among how many words a small model hesitates at each word of unseen texts, after learning from these texts: the fewer, the better they teach.",
    ),
    "copied_runs": (
        "Runs of words that come back",
        "Texts that share so many words in a row with a text that was learnt from.",
    ),
    "near_copies": (
        "Near copies",
        "Texts that share four fifths of their letters, in runs of five, with a text that was learnt from.",
    ),
    "image_detection_auc": (
        "Detection AUC of images",
        "The chance that a classifier of what is to be seen ranks a synthetic image above an unseen real one: 0.5 it cannot tell, 1 always.",
    ),
    "frechet_image": (
        "Fréchet distance of images",
        "How far means and spreads of two crowds of images, taken as points by what is to be seen, lie apart: 0 the same.",
    ),
    "kernel_image": (
        "Kernel distance of images",
        "How far two crowds of images lie apart by a kernel, whatever their shape: about 0 the same.",
    ),
    "image_precision": ("Precision of images", "The share of synthetic images that lie within reach of a real one."),
    "image_recall": ("Recall of images", "The share of real images that lie within reach of a synthetic one."),
    "image_density": (
        "Density of images",
        "In how many neighbourhoods of real images synthetic ones lie, over as many as expected: over 1 they crowd together.",
    ),
    "image_coverage": (
        "Coverage of images",
        "The share of real images in whose neighbourhood a synthetic one lies: low if some kinds are never made.",
    ),
    "spectrum": (
        "Spectrum of images",
        "How differently strong coarse to fine structures are, in powers of ten: high if images are too smooth or too rough.",
    ),
    "colours": (
        "Colours of images",
        "How differently often each brightness of each colour occurs, in bits: 0 the same.",
    ),
    "image_copies": ("Images that come back", "Synthetic images that are a training image, pixel by pixel."),
    "near_images": (
        "Near copies of images",
        "Synthetic images nearer to a training image, by what is to be seen, than all but one in a hundred unseen real ones.",
    ),
    "near_pixels": ("Near copies by pixels", "The same by the pixels themselves."),
    "ks": (
        "Kolmogorov-Smirnov (KS) distance",
        "The largest gap between two cumulative curves of a numeric column: 0 the same, 1 nothing in common.",
    ),
    "tv": ("Total variation", "The share of rows that would have to change their category to make two columns alike."),
    "wasserstein": (
        "Wasserstein distance",
        "How far values would have to be moved to make two columns alike, in standard deviations of the real column.",
    ),
    "jensen_shannon": (
        "Jensen-Shannon distance",
        "How different two distributions are, in terms of information: 0 the same, 1 nothing in common.",
    ),
    "pearson_difference": (
        "Pearson correlation difference",
        "How far the straight-line correlations of numeric columns are off, on average over pairs.",
    ),
    "spearman_difference": (
        "Spearman correlation difference",
        "How far the correlations of ranks are off: the same as Pearson for any rising or falling relation.",
    ),
    "association_difference": (
        "Association difference",
        "How far relations of any two columns are off: correlations of numbers, Cramér's V of categories, the "
        "correlation ratio of a category and a number.",
    ),
    "pair_trend": (
        "Pair trend error",
        "The share of rows that would have to move to make two columns, seen together, alike; the mean over all pairs.",
    ),
    "three_way": ("Three-way margins", "The same as the pair trend error for three columns seen together."),
    "detection_auc": (
        "Detection AUC",
        "How well a strong classifier tells synthetic from real rows: 0.5 it guesses, 1 it is always right.",
    ),
    "alpha_precision": (
        "α-precision",
        "The share of synthetic rows that lie where real rows are common: low values mean rows that look wrong.",
    ),
    "beta_recall": (
        "β-recall",
        "The share of the real rows' variety that synthetic rows cover: low values mean that kinds of rows are left out.",
    ),
    "autocorrelation_difference": (
        "Autocorrelation difference",
        "How far the correlations of a column with itself some rows later are off, on average over columns and distances.",
    ),
    "cross_correlation_difference": (
        "Cross-correlation difference",
        "The same for a column and another one, at the same row and some rows later.",
    ),
    "step_ks": (
        "KS distance of steps",
        "Kolmogorov-Smirnov distance of what is added from one row to the next, on average over columns.",
    ),
    "spectral_distance": (
        "Spectral distance",
        "How far movement would have to be shifted between slow and fast to be alike: 0 the same, 1 all slow against all fast.",
    ),
    "gap_ks": (
        "KS distance of times between rows",
        "Kolmogorov-Smirnov distance of the time from one row of an entity to its next.",
    ),
    "length_ks": ("KS distance of lengths", "Kolmogorov-Smirnov distance of the numbers of rows of an entity."),
    "out_of_order": (
        "Rows out of order",
        "The share of rows whose time lies before that of an earlier row of the same entity.",
    ),
    "persistence_difference": (
        "Persistence difference",
        "How far the share of rows with the category of the row before is off, on average over columns.",
    ),
    "transition_tv": (
        "Total variation of transitions",
        "The share of the steps from one category to the next that would have to change to make two data sets alike.",
    ),
    "record_coverage": (
        "Coverage of records",
        "The share of unseen real records that have a synthetic one nearer than their fifth nearest real one.",
    ),
    "forecast_mae": (
        "Forecast error",
        "How far off a model is that learnt what comes next, in standard deviations of the column; the mean over columns.",
    ),
    "forecast_accuracy": (
        "Forecast accuracy",
        "How often a model that learnt what comes next foretells the next category; the mean over columns.",
    ),
    "correlational_score": (
        "Correlational score",
        "A published measure of windows: the differences of all correlations of columns at the same row, summed, over ten.",
    ),
    "discriminative_score": (
        "Discriminative score",
        "A published measure of windows: how much better than a guess a small recurrent network tells synthetic from real ones.",
    ),
    "predictive_score": (
        "Predictive score",
        "A published measure of windows: the error, on real ones, of a small recurrent network that learnt from synthetic ones to "
        "foretell the last column.",
    ),
    "context_fid": (
        "Context-FID",
        "A published measure of windows: how far synthetic from real ones lie in the space of a network that has learnt the real ones.",
    ),
    "near_windows": (
        "Nearer than real windows",
        "The share of synthetic records, compared row by row, that lie nearer to a training record than all but the nearest hundredth "
        "of unseen ones do.",
    ),
    "near_records": (
        "Nearer than real records",
        "The same, compared by what the rows of a record are like together.",
    ),
    "verbatim_runs": (
        "Runs that come back",
        "The share of runs of rows of a series, each there once, that the synthetic windows repeat verbatim.",
    ),
    "sdmetrics_quality": (
        "SDMetrics quality",
        "The quality score of the SDMetrics library, from 0 to 1. It rewards copies of training rows.",
    ),
    "auc": (
        "AUC (area under the ROC curve)",
        "How often a model ranks a positive row above a negative one: 0.5 is a guess, 1 is perfect.",
    ),
    "accuracy": ("Accuracy", "The share of unseen real rows whose class a model gets right."),
    "f1": ("F1", "The balance of finding all rows of a class and naming only those; the mean over the classes."),
    "r2": (
        "R²",
        "The share of the target's ups and downs that a model explains; 0 is as good as always naming the mean.",
    ),
    "rmse": ("RMSE", "The typical size of a model's error, in the unit of the target; large errors count more."),
    "mae": ("MAE", "The mean size of a model's error, in the unit of the target."),
    "exact_copies": (
        "Exact copies",
        "The share of synthetic rows that equal a training row. Common rows also recur among people never seen.",
    ),
    "dcr_share": (
        "DCR share (distance to closest record)",
        "The share of synthetic rows that lie nearer to a training row than to an unseen one; one half is ideal.",
    ),
    "nearest_distance": (
        "Nearest distance",
        "How far the closest synthetic rows are from the nearest training row, against unseen real rows.",
    ),
    "nndr": (
        "NNDR (nearest-neighbour distance ratio)",
        "The distance to the nearest training row over that to the second nearest; near 0 means one row was imitated.",
    ),
    "neighbour_labels": (
        "Neighbour labels",
        "Training and unseen rows are put together: how often is a synthetic row's nearest neighbour a training row?",
    ),
    "closest_labels": (
        "Closest neighbour labels",
        "The same for the synthetic rows that lie closest of all, where copies of a few people would show.",
    ),
    "unique_values": (
        "Lone values that come back",
        "How often a number that one or two people alone have turns up among the synthetic rows.",
    ),
    "membership_auc": (
        "Membership inference",
        "An attacker guesses from the synthetic rows who was learnt from; an AUC of 0.5 means that he cannot.",
    ),
    "membership_tpr": (
        "Members found at few false alarms",
        "How many members an attacker finds who may accuse only 1 in 100 strangers: shows leaks of few people.",
    ),
    "reidentification": (
        "Matches with lone combinations",
        "The share of synthetic rows whose quasi-identifiers are those of exactly one training row.",
    ),
    "small_classes": (
        "Rows in small classes (k-anonymity)",
        "The share of rows that fewer than four others have the quasi-identifiers of. A synthetic row that is alone need not "
        "be like anybody.",
    ),
}


def glossary(keys: Iterable[str]) -> list[tuple[str, str]]:
    """The general terms, then those of the measures with these keys, each once, in alphabetical order.

    A model's measure, such as `lightgbm_auc`, is explained by its last part.

    >>> [term for term, _ in glossary(["ks", "linear_f1", "lightgbm_f1"])][-2:]
    ['F1', 'Kolmogorov-Smirnov (KS) distance']
    """
    found = {entry for key in keys if (entry := explanation(key))}
    return [*GENERAL, *sorted(found, key=lambda entry: entry[0].lower())]


def explanation(key: str) -> tuple[str, str] | None:
    """The term and the meaning of one measure; None if it has none of its own."""
    return MEASURES.get(key) or MEASURES.get(key.rpartition("_")[2])
