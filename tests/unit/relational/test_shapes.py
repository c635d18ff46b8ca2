"""Tables that hang together in unusual ways: keys hold in all of them."""

import numpy as np
import pandas as pd
import pytest

from smartsynth import relational


def made(frames, tables, **settings):
    found = relational.synthesize(frames, schema={"tables": tables}, seed=2, evaluate=False, **settings)
    assert relational.evaluate(frames, found.tables, schema={"tables": tables}).integrity == 1.0
    return found.tables


def key(columns, table, references=()):
    return {"columns": columns, "table": table, **({"references": references} if references else {})}


def test_keys_of_tenants_stay_within_their_tenant():
    rng = np.random.default_rng(0)
    tenants = pd.DataFrame({"tenant": range(1, 26), "plan": rng.choice(["free", "paid"], 25)})
    users = pd.DataFrame(
        {
            "tenant": np.repeat(tenants.tenant, 8).to_numpy(),
            "user": np.arange(200) + 1000,
            "age": rng.integers(20, 60, 200),
        }
    )
    rooms = pd.DataFrame(
        {
            "tenant": np.repeat(tenants.tenant, 4).to_numpy(),
            "room": np.arange(100) + 70,
            "seats": rng.integers(2, 9, 100),
        }
    )
    user, room = rng.integers(0, 200, 600), rng.integers(0, 4, 600)
    visits = pd.DataFrame({
        "id": np.arange(600), "tenant": users.tenant.to_numpy()[user], "user": users.user.to_numpy()[user],
        "room": rooms.room.to_numpy()[(users.tenant.to_numpy()[user] - 1) * 4 + room], "minutes": rng.integers(5, 60, 600),
    })  # fmt: skip
    tables = {
        "tenants": {"primary_key": "tenant"},
        "users": {"primary_key": ["tenant", "user"], "foreign_keys": [key("tenant", "tenants")]},
        "rooms": {"primary_key": ["tenant", "room"], "foreign_keys": [key("tenant", "tenants")]},
        "visits": {
            "primary_key": "id",
            "foreign_keys": [
                key(["tenant", "user"], "users"),
                key(["tenant", "room"], "rooms"),
                key("tenant", "tenants"),
            ],
        },
    }
    found = made({"tenants": tenants, "users": users, "rooms": rooms, "visits": visits}, tables)
    merged = found["visits"].merge(found["rooms"], on=["tenant", "room"]).merge(found["users"], on=["tenant", "user"])
    assert len(merged) == len(found["visits"])


def test_two_tables_may_name_each_other():
    rng = np.random.default_rng(1)
    teams = pd.DataFrame({"id": range(40), "budget": rng.integers(1, 99, 40), "captain_id": np.arange(40) * 6})
    players = pd.DataFrame({"id": range(240), "team_id": np.repeat(np.arange(40), 6), "rank": rng.integers(1, 9, 240)})
    tables = {
        "teams": {"primary_key": "id", "foreign_keys": [key("captain_id", "players")]},
        "players": {"primary_key": "id", "foreign_keys": [key("team_id", "teams")]},
    }
    found = made({"teams": teams, "players": players}, tables)
    assert found["teams"].captain_id.notna().all()
    assert found["teams"].captain_id.isin(found["players"].id).all()


def test_circles_and_rows_that_name_themselves():
    rng = np.random.default_rng(2)
    boss = rng.integers(0, 10, 200)
    boss[:10] = np.arange(10)  # name themselves
    boss[10], boss[11] = 11, 10  # a circle
    people = pd.DataFrame({"id": np.arange(200) + 500, "boss": boss + 500, "pay": rng.integers(20, 90, 200)})
    found = made({"people": people}, {"people": {"primary_key": "id", "foreign_keys": [key("boss", "people")]}})[
        "people"
    ]
    assert found.boss.isin(found.id).all()
    assert 2 <= (found.boss == found.id).sum() <= 30


def test_two_keys_to_one_table_and_keys_that_may_be_missing():
    rng = np.random.default_rng(3)
    teams = pd.DataFrame({"name": [f"T{i:03d}" for i in range(60)], "strength": rng.normal(size=60).round(2)})
    home, away = rng.integers(0, 60, 500), rng.integers(0, 60, 500)
    referee = pd.DataFrame({"id": range(30), "years": rng.integers(0, 30, 30)})
    games = pd.DataFrame({
        "home": teams.name.to_numpy()[home], "away": teams.name.to_numpy()[away],
        "referee_id": pd.array(np.where(rng.random(500) < 0.3, None, rng.integers(0, 30, 500)), "Int64"),
        "goals": np.clip(np.round(2 + teams.strength.to_numpy()[home] - teams.strength.to_numpy()[away]), 0, 6).astype(int),
    })  # fmt: skip
    tables = {
        "teams": {"primary_key": "name"}, "referee": {"primary_key": "id"},
        "games": {"foreign_keys": [key("home", "teams"), key("away", "teams"), key("referee_id", "referee")]},
    }  # fmt: skip
    found = made({"teams": teams, "referee": referee, "games": games}, tables)
    games = found["games"]
    assert games.home.notna().all()
    assert games.away.notna().all()
    assert 0.2 < games.referee_id.isna().mean() < 0.4
    joined = games.merge(found["teams"], left_on="home", right_on="name").merge(
        found["teams"], left_on="away", right_on="name"
    )
    assert joined.goals.corr(joined.strength_x) > 0.3
    assert joined.goals.corr(joined.strength_y) < -0.3


def test_dense_pairs_stay_apart_and_data_in_a_key_move_on():
    rng = np.random.default_rng(4)
    students = pd.DataFrame({"id": range(80), "year": rng.integers(1, 5, 80)})
    courses = pd.DataFrame({"code": [f"C{i:02d}" for i in range(12)], "level": rng.integers(1, 4, 12)})
    pairs = np.array([(s, c) for s in range(80) for c in rng.permutation(12)[: rng.integers(3, 9)]])
    enrolled = pd.DataFrame(
        {"student": pairs[:, 0], "course": courses.code.to_numpy()[pairs[:, 1]], "mark": rng.integers(1, 6, len(pairs))}
    )
    grades = pd.DataFrame(
        {
            "student": np.repeat(np.arange(80), 3),
            "term": np.tile([2001, 2002, 2003], 80),
            "mean": rng.normal(3, 1, 240).round(1),
        }
    )
    tables = {
        "students": {"primary_key": "id"}, "courses": {"primary_key": "code", "reference": True},
        "enrolled": {"primary_key": ["student", "course"], "foreign_keys": [key("student", "students"), key("course", "courses")]},
        "grades": {"primary_key": ["student", "term"], "foreign_keys": [key("student", "students")]},
    }  # fmt: skip
    found = made(
        {"students": students, "courses": courses, "enrolled": enrolled, "grades": grades}, tables, filter=False
    )
    assert not found["enrolled"].duplicated(["student", "course"]).any()
    assert len(found["enrolled"]) > 0.9 * len(enrolled)
    assert not found["grades"].duplicated(["student", "term"]).any()


@pytest.mark.parametrize("n", [3, 15])
def test_small_tables_are_made_without_a_rare_value(n):
    rng = np.random.default_rng(5)
    shops = pd.DataFrame({"id": range(n), "town": [f"Town {i}" for i in range(n)]})
    sales = pd.DataFrame({"shop": rng.integers(0, n, 200), "sum": rng.normal(50, 9, 200).round(1)})
    tables = {"shops": {"primary_key": "id"}, "sales": {"foreign_keys": [key("shop", "shops")]}}
    found = made({"shops": shops, "sales": sales}, tables)
    assert not set(found["shops"].town.dropna()) & set(shops.town)


def test_tables_of_keys_alone():
    rng = np.random.default_rng(6)
    a, b = pd.DataFrame({"id": range(50)}), pd.DataFrame({"id": range(20)})
    pairs = np.unique(np.stack([rng.integers(0, 50, 200), rng.integers(0, 20, 200)]), axis=1)
    both = pd.DataFrame({"a": pairs[0], "b": pairs[1]})
    tables = {
        "a": {"primary_key": "id"}, "b": {"primary_key": "id"},
        "both": {"primary_key": ["a", "b"], "foreign_keys": [key("a", "a"), key("b", "b")]},
    }  # fmt: skip
    found = made({"a": a, "b": b, "both": both}, tables)
    assert abs(len(found["both"]) - len(both)) < 40


def test_rules_of_each_table_hold_also_after_saving(tmp_path):
    rng = np.random.default_rng(7)
    people = pd.DataFrame({"id": range(200), "low": rng.integers(0, 50, 200)})
    people["high"] = people.low + rng.integers(1, 30, 200)
    n = rng.integers(0, 6, 200)
    price, number = rng.integers(1, 20, n.sum()), rng.integers(1, 9, n.sum())
    bills = pd.DataFrame(
        {"person": np.repeat(np.arange(200), n), "price": price, "number": number, "total": price * number}
    )
    tables = {
        "people": {"primary_key": "id", "rules": ["low < high"]},
        "bills": {
            "foreign_keys": [key("person", "people")],
            "rules": ["total == price * number"],
            "columns": {"price": {"high": 15}},
        },
    }
    found = relational.synthesize(
        {"people": people, "bills": bills}, schema={"tables": tables}, seed=2, evaluate=False, filter=False
    )
    again = relational.sample(found.save(tmp_path / "model"), scale=2.0, seed=1)
    for frames in (found.tables, again.tables):
        assert (frames["people"].low < frames["people"].high).all()
        assert (frames["bills"].total == frames["bills"].price * frames["bills"].number).all()
        assert frames["bills"].price.between(1, 15).all()


def _tenants(rng, n=120):
    """Users and teams of tenants that are named by one letter."""
    codes = list("abcdefgh")
    users = pd.DataFrame({"t": rng.choice(codes, n), "u": range(1, n + 1), "age": rng.integers(18, 70, n)})
    of = {code: users.u[users.t == code].to_numpy() for code in codes}
    teams = pd.DataFrame(
        [(t, f"T{t}{j}", rng.choice(of[t]), rng.normal(3, 1)) for t in codes for j in range(4)],
        columns=["t", "team", "lead", "score"],
    ).round(2)
    users["team"] = [rng.choice(teams.team[teams.t == t]) for t in users.t]
    users["boss"] = [
        of[t][0] if rng.random() < 0.5 else of[t][of[t] <= u][-1] for t, u in zip(users.t, users.u, strict=True)
    ]
    return pd.DataFrame({"t": codes, "size": rng.normal(5, 1, 8).round(2)}), users, teams


OWNER = key("t", "tenants")
USERS = {"primary_key": ["t", "u"]}
TEAMS = {"primary_key": ["t", "team"]}


def test_users_of_tenants_name_users_of_their_own_tenant():
    tenants, users, _ = _tenants(np.random.default_rng(8))
    users, boss = users[["t", "u", "age", "boss"]], key(["t", "boss"], "users")
    tables = {"tenants": {"primary_key": "t"}, "users": {**USERS, "foreign_keys": [OWNER, boss]}}
    found = made({"tenants": tenants, "users": users}, tables)
    assert set(found["users"].t) <= set(found["tenants"].t)
    assert made({"users": users}, {"users": {**USERS, "foreign_keys": [boss]}})["users"].boss.notna().all()


@pytest.mark.parametrize("with_tenants", [True, False])
def test_users_and_teams_of_tenants_name_each_other(with_tenants):
    tenants, users, teams = _tenants(np.random.default_rng(9))
    users, owner = users[["t", "u", "age", "team"]], [OWNER] if with_tenants else []
    frames = {"users": users, "teams": teams, **({"tenants": tenants} if with_tenants else {})}
    tables = {
        "users": {**USERS, "foreign_keys": [*owner, key(["t", "team"], "teams", ["t", "team"])]},
        "teams": {**TEAMS, "foreign_keys": [*owner, key(["t", "lead"], "users", ["t", "u"])]},
        **({"tenants": {"primary_key": "t"}} if with_tenants else {}),
    }
    assert made(frames, tables, filter=False)["users"].team.notna().all()
    few = relational.synthesize(frames, schema={"tables": tables}, seed=2, evaluate=False, scale=0.3)
    missing = int(few.tables["users"].team.isna().sum())
    assert any(f": {missing} keys are missing" in note for note in few.notes) == (missing > 0)
    assert missing == 0 or not with_tenants


def test_customers_of_tenants_name_one_of_their_own_orders():
    tenants, users, _ = _tenants(np.random.default_rng(10))
    rng = np.random.default_rng(11)
    orders = users.loc[users.index.repeat(rng.integers(1, 4, len(users))), ["t", "u"]].reset_index(drop=True)
    orders["o"] = np.arange(len(orders)) + 1
    orders["sum"] = rng.normal(5, 1, len(orders)).round(2)
    users = users[["t", "u", "age"]].assign(first=orders.groupby("u").o.min().loc[users.u].to_numpy())
    tables = {
        "tenants": {"primary_key": "t"},
        "users": {**USERS, "foreign_keys": [OWNER, key(["t", "first"], "orders", ["t", "o"])]},
        "orders": {"primary_key": ["t", "o"], "foreign_keys": [OWNER, key(["t", "u"], "users")]},
    }
    assert len(made({"tenants": tenants, "users": users, "orders": orders}, tables)["orders"]) > 50


def test_tenants_that_name_a_user_are_made_before_their_users():
    tenants, users, _ = _tenants(np.random.default_rng(12))
    tenants["owner"] = users.groupby("t").u.min().loc[tenants.t].to_numpy()
    tables = {
        "users": {**USERS, "foreign_keys": [OWNER]},
        "tenants": {"primary_key": "t", "foreign_keys": [key(["t", "owner"], "users", ["t", "u"])]},
    }
    found = made({"users": users[["t", "u", "age"]], "tenants": tenants}, tables)
    assert found["tenants"].t.is_unique


@pytest.mark.parametrize("marked", [True, False])
def test_what_hangs_together_over_two_parents_is_kept(marked):
    """Students take the courses of their own year, though nothing that an enrolment itself says tells the year."""
    rng = np.random.default_rng(0)
    years = np.array(["first", "second", "third", "fourth"])
    students = pd.DataFrame({"id": [f"S{i:05d}" for i in range(300)], "year": rng.choice(years, 300)})
    courses = pd.DataFrame({
        "id": [f"C{i:04d}" for i in range(40)], "year": np.repeat(years, 10), "hours": rng.integers(1, 6, 40),
    })  # fmt: skip
    student = np.repeat(np.arange(300), rng.integers(2, 5, 300))
    course = np.array([rng.choice(np.flatnonzero(courses.year == year)) for year in students.year.to_numpy()[student]])
    enrolments = pd.DataFrame({
        "student": students.id.to_numpy()[student], "course": courses.id.to_numpy()[course],
        "mark": rng.normal(50, 10, len(student)),
    })  # fmt: skip
    tables = {
        "students": {"primary_key": "id"},
        "courses": {"primary_key": "id"},
        "enrolments": {"foreign_keys": [key("student", "students"), key("course", "courses")]},
    }
    frames = {"students": students, "courses": courses, "enrolments": enrolments if marked else enrolments.iloc[:, :2]}
    found = made(frames, tables)
    both = found["enrolments"]
    for name, table in (("student", "students"), ("course", "courses")):
        both = both.merge(found[table].rename(columns={"id": name}), on=name)
    assert (both.year_x == both.year_y).mean() > 0.9  # a quarter by chance
    assert len(both) > 0.9 * len(enrolments)
