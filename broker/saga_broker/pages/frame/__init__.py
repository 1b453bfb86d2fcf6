"""What all pages share: how a page is asked for and written, lists that are searched by URL, files, errors."""
