"""Ladle's strategies inside the loops of other libraries; each file here imports one of them.

`ladle.adapters.scikit_activeml.LadlePoolStrategy`, `ladle.adapters.small_text.LadleQueryStrategy` and
`ladle.adapters.modal.query_strategy` choose exactly what `strategy.query` chooses from the same arrays.
"""
