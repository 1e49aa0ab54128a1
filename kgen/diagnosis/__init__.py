"""Diagnosis: the asker's own arrays against a model, and the mistakes that give such numbers."""
