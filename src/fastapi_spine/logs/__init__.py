"""Everything that turns a running application into lines."""
