"""The command ``portfolio``: serve, load, exchange, migrate, keys, log, verify, document."""

from __future__ import annotations

import sys

import click
import sqlalchemy as sa

from portfolio.cli import data, database, keys, log, openapi, privacy, server, verify, workbooks
from portfolio.core.migrate import SchemaMismatch
from portfolio.core.problems import Problem
from portfolio.core.settings import SettingsError
from portfolio.core.version import VERSION
from portfolio.history.held import KeyRefused
from portfolio.history.log import LogMissing


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(VERSION, prog_name="portfolio")
def cli() -> None:
    """The portfolio register of the Ruhr-Konferenz.

    \b
    Settings come from the environment:
      PORTFOLIO_DATABASE_URL  sqlite:///FILE or postgresql://…   (default: a file in PORTFOLIO_DATA_DIR)
      PORTFOLIO_DATA_DIR      folder of the embedded database     (default: ./.data)
      PORTFOLIO_LOG_KEY       file of the key that signs the history   (default: log.key in PORTFOLIO_DATA_DIR)
      PORTFOLIO_CHECKPOINT_DIR  folder of the signed checkpoints  (default: checkpoints in PORTFOLIO_DATA_DIR)
      PORTFOLIO_HOST, PORTFOLIO_PORT                              (default: 127.0.0.1, 8000)
      PORTFOLIO_MIGRATION_URL the address `db upgrade` uses       (default: PORTFOLIO_DATABASE_URL)
      PORTFOLIO_LOG_ORIGIN    name of a new register's log        (default: portfolio.example/log)
      PORTFOLIO_THREADS       requests at once, per process       (default: 16)
      PORTFOLIO_STATEMENT_TIMEOUT_MS  on PostgreSQL               (default: 30000)
      PORTFOLIO_BODY_SECONDS  time for a request's body to arrive (default: 10)
      PORTFOLIO_TRUSTED_HOSTS names the register is reached by    (default: the local ones)
      PORTFOLIO_TRUSTED_PROXIES  proxies that add to X-Forwarded-For   (default: 0)
      PORTFOLIO_CORS_ORIGINS  pages that may change records       (default: none)
      PORTFOLIO_RATE_REQUESTS, PORTFOLIO_RATE_FAILURES  a minute  (default: 12000, 10)
      PORTFOLIO_SECURITY_LOG  file of denials and sign-ins        (default: standard error)
      PORTFOLIO_PUBLIC_URL    the register's own address          (default: not told)
      PORTFOLIO_SECURITY_CONTACT  whom to tell of a weakness      (default: nobody; no security.txt)
      PORTFOLIO_SECURITY_POLICY, PORTFOLIO_SECURITY_LANGUAGES     (default: left out of it)
      PORTFOLIO_OIDC_ISSUER, …  the identity provider; see docs/sign-in.md
    """


cli.add_command(server.run)
cli.add_command(server.serve)
cli.add_command(data.seed)
cli.add_command(data.demo)
cli.add_command(workbooks.export)
cli.add_command(workbooks.import_file)
cli.add_command(database.db)
cli.add_command(keys.key)
cli.add_command(log.log)
cli.add_command(privacy.privacy)
cli.add_command(verify.verify)
cli.add_command(openapi.openapi)


def main() -> None:
    """Run the command; what the operator can put right is one sentence on the error stream."""
    try:
        sys.exit(cli.main(standalone_mode=False))
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (SettingsError, SchemaMismatch, LogMissing, KeyRefused, Problem) as error:
        click.echo(f"portfolio: {error}", err=True)
        sys.exit(1)
    except sa.exc.OperationalError as error:
        click.echo(f"portfolio: The database does not answer: {error.orig}", err=True)
        sys.exit(1)
    except sa.exc.DatabaseError as error:
        if getattr(error.orig, "sqlite_errorname", None) != "SQLITE_NOTADB":
            raise
        click.echo("portfolio: The file PORTFOLIO_DATABASE_URL names is no database; choose another.", err=True)
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        click.echo(f"portfolio: {error.filename}: {error.strerror}; choose another place.", err=True)
        sys.exit(1)
