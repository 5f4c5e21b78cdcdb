"""PhotoShare, the sample API: albums and pictures; each person sees only their own. Imports nothing of ours."""
