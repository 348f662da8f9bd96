"""A small FitnessApp to deploy: PostgreSQL, a Flask backend, Nginx with a baked web export."""

from bot.sandbox.practice.sample.project import BUILD_FAILURE, HEALTH_FAILURE, SampleProject

__all__ = ["BUILD_FAILURE", "HEALTH_FAILURE", "SampleProject"]
