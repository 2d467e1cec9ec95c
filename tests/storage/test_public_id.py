from betaconsole.storage.public_id import ALPHABET, LENGTH, new_public_id


def test_public_ids_are_long_unalike_and_safe_anywhere():
    ids = {new_public_id() for _ in range(2000)}
    assert len(ids) == 2000
    assert {len(public_id) for public_id in ids} == {LENGTH}
    assert set("".join(ids)) == set(ALPHABET)
    assert LENGTH * (len(ALPHABET).bit_length() - 1) >= 80
