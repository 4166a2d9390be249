"""Records of incidents, alerts, notices and receipts on SQLAlchemy: SQLite by default, PostgreSQL by URL."""
