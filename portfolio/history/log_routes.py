"""/v1/log: what an auditor keeps, the newest checkpoint and the key it is signed with."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Response
from flask.views import MethodView

from portfolio.core.answers import text_answer
from portfolio.core.api import Blueprint
from portfolio.core.problems import NotFound
from portfolio.history.checkpoints import current_signer
from portfolio.history.models import Checkpoint
from portfolio.history.serving import reading

blp = Blueprint("log", __name__, url_prefix="/v1/log", description="Proof that the history was not changed.")

_TEXT = {"type": "string", "maxLength": 10_000, "pattern": "^.+"}
_KEY = "portfolio.example/log+4f14fcf0+AUQpkwZQBKoeTEj03QFYGUwCNJvMZkzZbkAOommRio1R"
_NOTE = (
    "portfolio.example/log\n1204\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\nat 2026-06-30T08:00:00.000000Z\n\n"
    "— portfolio.example/log "
    "TxT88AhpatAjsoeSyal18t0GN05VtpBXbicyT/y8szgW1mKCcseBlj7jE27v/rJuegiiEFOzBLWY/HyrugaD5ZS5bQ0=\n"
)


@blp.route("/checkpoint")
class LogCheckpoint(MethodView):
    @blp.operation("getLogCheckpoint")
    @blp.response(200, _TEXT, content_type="text/plain", example=_NOTE)
    @blp.alt_response(404, description="None was made yet")
    def get(self) -> Response:
        """Get the newest checkpoint

        The signed end of the log (C2SP signed note, Ed25519): its name, how many revisions there are, their Merkle
        root (RFC 6962) in base64, and when it was signed. Keep it: whoever holds one can prove later that no earlier
        revision was changed. 404 before the first one.
        """
        with reading({}) as moment:
            newest = sa.select(Checkpoint.note).order_by(Checkpoint.size.desc()).limit(1)
            note = moment.session.execute(newest).scalar()
        if note is None:
            raise NotFound("No checkpoint was made yet; one follows within a minute of a change where there is a key.")
        return text_answer(note, moment.revision)


@blp.route("/key")
class LogKey(MethodView):
    @blp.operation("getLogKey")
    @blp.response(200, _TEXT, content_type="text/plain", example=_KEY)
    @blp.alt_response(404, description="There is no key")
    def get(self) -> Response:
        """Get the public key of the log

        One line: name of the log, id of the key, and the Ed25519 key in base64. Take it once and keep it with the
        checkpoints; a key that is fetched anew each time proves nothing against whoever runs the register.
        """
        with reading({}) as moment:
            key = current_signer().public_key()
            if key is None:
                raise NotFound("There is no key of the log; who runs the register makes one.")
            return text_answer(f"{key.line}\n", moment.revision)
