import pytest

from intern_pretrain.config import DataConfig, RunConfig
from intern_pretrain.corpus import build_corpus

SMALL = {
    "threads": 1,
    "data": {
        "num_compounds": 200,
        "texts_per_compound": 2,
        "num_images": 40,
        "num_series": 60,
        "test_fraction": 0.2,
    },
    "tokenizer": {"vocab_size": 384, "smiles_vocab_size": 80, "iupac_vocab_size": 112},
    "model": {"num_layers": 2},
    "training": {
        "steps": 6,
        "sequence_length": 160,
        "batch_sizes": "0:2 3:3",
        "warmup": 2,
        "balance_group": 2,
        "eval_packs": 1,
    },
}


@pytest.fixture(scope="session")
def small_config():
    return RunConfig.model_validate(SMALL)


@pytest.fixture(scope="session")
def small_corpus():
    return build_corpus(DataConfig(**SMALL["data"]), seed=0)
