"""The kinds of nodes. A kind's module name is its one name: of its templates and of its test cases
too.
"""
