import pytest

from intern_pretrain.compounds import read_compounds
from intern_runs import DataError

ETHANOL = "\t".join(
    [
        "702",
        "64-17-5",
        "C2H6O",
        "46.06844",
        "CCO",
        "C2H6O/c1-2-3/h3H,2H2,1H3",
        "LFQSCWFLJHTTHZ-UHFFFAOYSA-N",
        "ethanol",
        "ethanol",
        "alcohol",
    ]
)


def write(folder, *lines):
    path = folder / "table.tsv"
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return [path]


def test_a_row_is_read_into_its_fields(tmp_path):
    (compound,) = read_compounds(write(tmp_path, ETHANOL))
    assert (compound.cid, compound.cas, compound.formula) == (702, "64-17-5", "C2H6O")
    assert (compound.molar_mass, compound.smiles) == (46.06844, "CCO")
    assert (compound.iupac_name, compound.common_name) == ("ethanol", "ethanol")


def test_an_empty_name_becomes_none(tmp_path):
    (compound,) = read_compounds(write(tmp_path, ETHANOL.replace("\tethanol\tethanol", "\t\tx")))
    assert compound.iupac_name is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\tethanol\tethanol\talcohol", "", "7 tab-separated columns, expected at least 9"),
        ("46.06844", "heavy", "no number"),
        ("46.06844", "-1", "impossible"),
        ("702\t", "x\t", "no number"),
        ("LFQSCWFLJHTTHZ", "short", "no InChIKey"),
        ("64-17-5", "64175", "no CAS registry number"),
        ("\tCCO\t", "\t\t", "SMILES or formula is empty"),
    ],
)
def test_a_malformed_row_raises_with_its_line(tmp_path, old, new, message):
    paths = write(tmp_path, ETHANOL, ETHANOL.replace(old, new))
    with pytest.raises(DataError, match=message) as caught:
        list(read_compounds(paths))
    assert str(caught.value).startswith(f"{paths[0]}:2: ")


def test_every_row_of_the_installed_tables_is_well_formed():
    compounds = list(read_compounds())
    assert len(compounds) > 70_000
    by_cid = {compound.cid: compound for compound in compounds}
    assert by_cid[7].smiles == "CCN1C=NC2=C1N=CN=C2N"
    assert by_cid[7].molar_mass == pytest.approx(163.17986)
