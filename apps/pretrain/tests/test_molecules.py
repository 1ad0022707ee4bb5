import numpy as np

from intern_pretrain.molecules import draw, read_smiles


def test_two_writings_of_a_molecule_share_one_canonical_form():
    first, second = read_smiles("OCC"), read_smiles("CCO")
    assert first.canonical_smiles == second.canonical_smiles == "CCO"
    assert (first.formula, first.num_heavy_atoms, first.num_rings) == ("C2H6O", 3, 0)


def test_rings_and_fragments_are_counted():
    assert read_smiles("c1ccc2ccccc2c1").num_rings == 2
    assert read_smiles("[Na+].[Cl-]").num_fragments == 2


def test_an_impossible_smiles_gives_none():
    assert read_smiles("C(C)(C)(C)(C)C") is None
    assert read_smiles("C1CC") is None
    assert read_smiles("") is None


def test_a_drawing_is_black_on_white_of_the_asked_size_and_repeatable():
    picture = draw(read_smiles("CCO"), 56)
    assert picture.shape == (56, 56, 3)
    assert picture.dtype == np.uint8
    assert (picture[0, 0] == 255).all()
    assert picture.min() < 100
    assert 0.02 < (picture < 200).mean() < 0.5
    assert (picture == draw(read_smiles("CCO"), 56)).all()
    assert (picture != draw(read_smiles("CCN"), 56)).any()
