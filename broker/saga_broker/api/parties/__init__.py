"""The resources about pacticipants: their versions, branches and tags, and the environments that they are deployed to."""
