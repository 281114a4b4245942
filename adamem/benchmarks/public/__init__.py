"""Public question-answering and summarisation sets as items of the groups: one parser a format."""
