"""Text from templates: the Jinja environment and the filters that templates use."""
