"""Pages about who takes part and where: pacticipants, versions, branches, environments."""
