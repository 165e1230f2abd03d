"""The page's files: policy headers, caching, nothing outside the folder, and a plain word when it is not built."""

from __future__ import annotations

from pathlib import Path

from tests.backend.running import running


def _built(folder: Path) -> Path:
    page = folder / "dist"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>page</title>")
    (page / "assets" / "main-abc123.js").write_text("console.log(1)\n" * 200)
    (folder / "secret.txt").write_text("secret")
    (page / "link.txt").symlink_to(folder / "secret.txt")
    return page


async def test_the_page_has_a_strict_policy(tmp_path: Path) -> None:
    async with running(tmp_path, page_dir=_built(tmp_path)) as here:
        answer = await here.client.get("/")
        host = here.url.removeprefix("http://")
    policy = answer.headers["content-security-policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert rules["connect-src"] == f"'self' ws://{host} wss://{host}"
    assert rules["require-trusted-types-for"] == "'script'"
    assert rules["trusted-types"] == rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_host_cannot_write_into_the_policy(tmp_path: Path) -> None:
    async with running(tmp_path, page_dir=_built(tmp_path)) as here:
        answer = await here.client.get("/", headers={"Host": "x; script-src *"})
    assert "*" not in answer.headers.get("content-security-policy", "")


async def test_hashed_assets_are_kept_for_ever_and_sent_packed(tmp_path: Path) -> None:
    async with running(tmp_path, page_dir=_built(tmp_path)) as here:
        path = "/assets/main-abc123.js"
        packed = await here.client.get(path)
        plain = await here.client.get(path, headers={"Accept-Encoding": "identity"})
        known = await here.client.get(path, headers={"If-None-Match": packed.headers["etag"]})
    assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert packed.headers["content-type"].startswith("text/javascript")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert known.status_code == 304


async def test_nothing_outside_the_folder_is_served(tmp_path: Path) -> None:
    async with running(tmp_path, page_dir=_built(tmp_path)) as here:
        for path in ("/link.txt", "/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/assets"):
            answer = await here.client.get(path)
            assert answer.status_code == 404, path
            assert "secret" not in answer.text


async def test_a_page_that_is_not_built_says_how(tmp_path: Path) -> None:
    async with running(tmp_path, page_dir=tmp_path / "nowhere") as here:
        answer = await here.client.get("/")
    assert "make setup" in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


async def test_other_origins_are_let_in_only_when_named(tmp_path: Path) -> None:
    ask = {"Origin": "https://dash.example", "Access-Control-Request-Method": "POST"}
    async with running(tmp_path) as here:
        closed = await here.client.options("/negotiate", headers=ask)
    async with running(tmp_path, cors_origins=("https://dash.example",)) as here:
        ask["Access-Control-Request-Headers"] = "authorization,x-requested-with,x-signalr-user-agent"
        named = await here.client.options("/negotiate", headers=ask)
        other = await here.client.options("/negotiate", headers={**ask, "Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in closed.headers
    assert named.headers["access-control-allow-origin"] == "https://dash.example"
    assert named.headers["access-control-allow-credentials"] == "true"
    assert "access-control-allow-origin" not in other.headers
