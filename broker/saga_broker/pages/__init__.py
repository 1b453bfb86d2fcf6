"""Pages for people, at the addresses of their JSON twins.

`frame` holds what all pages share, `routing` puts them in front of the resources. A page reads by `store`, `acts` and `gate`,
as its twin does; its words and its order stand in `templates`.
"""
