"""What is printed when everything answers."""

from __future__ import annotations

from demo.settings import Settings

BANNER = """
{line}
 Everything is running.

   API Store      {portal}/store
   Key Manager    {portal}/oauth2/
   API Gateway    {gateway}
   Playground     {playground}

 Demo accounts (user name / password)

   alice / alice       developer: creates applications and keys
   bob / bob           end user with photos
   charlie / charlie   end user with other photos
   admin / admin       administration: {portal}/admin/

 Certificate authority (make trust puts it into your browser)

   {ca}

 The walk

   1. API Store: "Sign In" as alice. The catalogue shows PhotoShare.
   2. "Applications", "Add Application": a "Name", "Add".
   3. Tab "Subscriptions": subscribe to PhotoShare.
   4. Tab "Production Keys": "Callback URL" {playground}/oauth2client,
      "Code" ticked, "Generate Keys". Copy "Consumer Key" and "Consumer Secret".
   5. Playground: "Import Photos": the key as "Client Id", "Scope" photos:read, "Authorize".
   6. "Sign In" as bob, then "Approve".
   7. "Client Secret", "Get Access Token", "Get Photos": bob's, and nobody else's.
   8. API Store, "Statistics": users who got tokens by the password grant.

 Logs: {logs}
 Mails, such as for a forgotten password: {mails}
 Ctrl-C stops everything.
{line}
"""


def text(settings: Settings) -> str:
    return BANNER.format(
        line="-" * 88,
        portal=settings.portal.url,
        gateway=settings.gateway.url,
        playground=settings.playground.url,
        ca=settings.tls / "ca.pem",
        logs=settings.logs,
        mails="sent" if settings.environ.get("APIM_EMAIL_URL") else settings.logs / "portal.log",
    )
