"""A console without a store: the API's answers made up, in the shapes of the real ones, for tests of the pages."""
