"""What a document has to have before it is stored, and where its lifecycle may go."""

from sandbox.errors import bad_request, conflict
from sandbox.tables import Document, Lifecycle, Resource


def check(resource: Resource, document: Document) -> None:
    if not isinstance(document["id"], str) or not document["id"]:
        raise bad_request("id must be a text that is not empty")
    missing = [name for name in resource.required if document.get(name) in (None, "")]
    if missing:
        raise bad_request(f"missing: {', '.join(missing)}")
    lifecycle = resource.lifecycle
    state = document.get(lifecycle.attribute) if lifecycle else None
    if lifecycle and state is not None and str(state) not in lifecycle.states:
        raise bad_request(f"{lifecycle.attribute} must be one of {', '.join(sorted(lifecycle.states))}")


def refuse_transition(lifecycle: Lifecycle, before: Document, after: Document, *, named: bool) -> None:
    """Refuse a move that there is no way for; `named` when the write says the state itself."""
    if str(after.get(lifecycle.attribute)) not in lifecycle.states:
        return
    was, wanted = lifecycle.state(before), lifecycle.state(after)
    if isinstance(was, str) and isinstance(wanted, str) and lifecycle.refuses(was, wanted, named=named):
        refusal = conflict(f"{lifecycle.attribute} cannot go from {was} to {wanted}")
        refusal.status = lifecycle.status
        raise refusal
