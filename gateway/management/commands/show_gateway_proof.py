from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from gateway import node_key


class Command(BaseCommand):
    help = "Prints what a gateway other than Envoy shows as X-Gateway-Proof. It is a secret."

    def handle(self, **options: Any) -> None:
        self.stdout.write(node_key.proof())
