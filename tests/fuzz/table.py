"""The table of everything that is fuzzed; a new parser gets a line here, and seeds of the same name."""

from tests.fuzz.almost import answers, json_text, keys, requests, tokens, values
from tests.fuzz.judges import command_line, faces, fetching, headers, jose, kept, redaction, wire
from tests.fuzz.judges import values as own
from tests.fuzz.target import Target

TARGETS = (
    Target(name="headers", judge=headers.judge_headers, almost=requests.headers),
    Target(name="faces", judge=faces.judge_faces, almost=requests.requests),
    Target(name="query", judge=redaction.judge_query, almost=requests.queries),
    Target(name="redaction", judge=redaction.judge_redaction, almost=requests.log_texts),
    Target(name="public-paths", judge=redaction.judge_public_paths, almost=requests.public_paths),
    Target(name="token", judge=own.judge_token, almost=tokens.opaque),
    Target(name="credential", judge=own.judge_credential, almost=tokens.credentials),
    Target(name="strict-json", judge=jose.judge_strict_json, almost=json_text.any_object),
    Target(name="compact", judge=jose.judge_compact, almost=tokens.jwts),
    Target(name="jose-header", judge=jose.judge_header, almost=tokens.headers),
    Target(name="claims", judge=jose.judge_claims, almost=tokens.judged),
    Target(name="jwk", judge=jose.judge_jwk, almost=keys.jwks),
    Target(name="key-set", judge=jose.judge_key_set, almost=keys.key_sets),
    Target(name="metadata", judge=fetching.judge_metadata, almost=keys.metadata),
    Target(name="url", judge=fetching.judge_url, almost=keys.urls),
    Target(name="answer-headers", judge=fetching.judge_answer_headers, almost=answers.heads),
    Target(name="wire", judge=wire.judge_wire, almost=answers.raw),
    Target(name="key-answer", judge=fetching.judge_key_answer, almost=answers.key_answers),
    Target(name="peppers", judge=kept.judge_peppers, almost=values.peppers),
    Target(name="pepper-file", judge=kept.judge_pepper_file, almost=values.pepper_files),
    Target(name="scopes", judge=own.judge_scopes, almost=values.scopes),
    Target(name="row", judge=kept.judge_row, almost=values.rows),
    Target(name="scanner", judge=own.judge_scanner, almost=values.leaked),
    Target(name="token-request", judge=own.judge_token_request, almost=values.forms),
    Target(name="duration", judge=command_line.judge_duration, almost=values.durations),
    Target(name="reference", judge=command_line.judge_reference, almost=values.references),
)

BY_NAME = {target.name: target for target in TARGETS}
