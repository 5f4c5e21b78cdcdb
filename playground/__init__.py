"""A stranger's web app: an ordinary OAuth client that imports photos. It shares nothing with the rest of the house."""
