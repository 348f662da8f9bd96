"""The practice stack: a small FitnessApp-shaped project, its deployment on a host, and the procedure by hand."""
