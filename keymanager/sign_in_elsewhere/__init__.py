"""People sign in on another server: another instance of this project, or any OpenID Connect provider.

The page's note on a separate authentication server. Here the key manager is that server's client: it sends the browser
there (`attempts`), takes the answer (`answers`, `id_tokens`), signs the person in at its own door (`arrivals`) and goes
on with exactly the request that waited. docs/sign-in-elsewhere.md.
"""
