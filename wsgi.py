"""For any WSGI server: ``gunicorn wsgi:app``. ``portfolio serve`` brings its own."""

from portfolio.app import create_served_app

app = create_served_app()
