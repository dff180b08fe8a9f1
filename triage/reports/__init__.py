"""What is shown: one view for each report, its JSON, and the rendering of templates."""
