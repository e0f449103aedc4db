"""The pages that people look at and approve on, served beside the schedule. No page writes to Scalev.

`app.build` makes the application, `routes` is the table of every address with the role it needs, `server.serving` runs it.
"""
