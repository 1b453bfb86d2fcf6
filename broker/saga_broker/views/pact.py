"""Documents of pacts and of lists of pacts."""

from collections.abc import Sequence
from urllib.parse import quote

from saga_broker.http.hal import Document, Links, link, moment, pact_name
from saga_broker.rows import Publication


def name_of(pact: Publication) -> str:
    """Give the name that a pact bears in links."""
    return pact_name(pact.consumer, pact.number, pact.provider)


def href_of(links: Links, pact: Publication) -> str:
    """Give the address of a pact under its consumer version."""
    return links.pact(pact.consumer, pact.provider, pact.number)


def pact_links(links: Links, pact: Publication, metadata: str | None = None, chosen: Sequence[str] = ()) -> Document:
    """Write the links of a pact.

    Args:
        links: Writes addresses.
        pact: The publication.
        metadata: What the address said about why this pact was chosen; passed on to the address of the results.
        chosen: Numbers of the consumer versions that the metadata names.
    """
    consumer, provider = pact.consumer, pact.provider
    pair, own, content = (
        links.pair(consumer, provider),
        href_of(links, pact),
        links.content(consumer, provider, pact.sha),
    )
    version = links.version(consumer, pact.number)
    results = links.content(consumer, provider, pact.sha, metadata)
    query = f"q%5B%5D%5Bpacticipant%5D={quote(consumer, safe='')}&q%5B%5D%5Bversion%5D={quote(pact.number, safe='')}"
    return {
        "self": link(own, "Pact", name_of(pact)),
        "pb:consumer": link(links.pacticipant(consumer), "Consumer", consumer),
        "pb:consumer-version": link(version, "Consumer version", pact.number),
        **_chosen_versions(links, consumer, chosen),
        "pb:provider": link(links.pacticipant(provider), "Provider", provider),
        "pb:pact-version": link(content, "Pact content version permalink", pact.sha),
        "pb:latest-pact-version": link(f"{pair}/latest", "Latest version of this pact"),
        "pb:all-pact-versions": link(f"{pair}/versions", "All versions of this pact"),
        "pb:latest-untagged-pact-version": link(f"{pair}/latest-untagged", "Latest untagged version of this pact"),
        "pb:latest-tagged-pact-version": link(f"{pair}/latest/{{tag}}", "Latest tagged version of this pact", templated=True),
        "pb:previous-distinct": link(f"{own}/previous-distinct", "Previous distinct version of this pact"),
        "pb:diff-previous-distinct": link(
            f"{own}/diff/previous-distinct",
            "Diff with previous distinct version of this pact",
        ),
        "pb:diff": link(
            f"{content}/diff/pact-version/{{pactVersion}}",
            "Diff with another specified version of this pact",
            templated=True,
        ),
        "pb:pact-webhooks": link(
            links.url("webhooks", "provider", provider, "consumer", consumer),
            f"Webhooks for the pact between {consumer} and {provider}",
        ),
        "pb:consumer-webhooks": link(
            links.url("webhooks", "consumer", provider),
            f"Webhooks for all pacts with provider {provider}",
        ),
        "pb:tag-prod-version": link(f"{version}/tags/prod", "PUT to this resource to tag this consumer version as 'production'"),
        "pb:tag-version": link(f"{version}/tags/{{tag}}", "PUT to this resource to tag this consumer version"),
        "pb:publish-verification-results": link(f"{results}/verification-results", "Publish verification results"),
        "pb:latest-verification-results": link(f"{content}/verification-results/latest"),
        "pb:triggered-webhooks": link(f"{own}/triggered-webhooks", "Webhooks triggered by the publication of this pact"),
        "pb:matrix-for-consumer-version": link(
            f"{links.base}/matrix?{query}&latestby=cvpv",
            "View matrix rows for the consumer version to which this pact belongs",
        ),
        "curies": links.curies("pact"),
    }


def _chosen_versions(links: Links, consumer: str, chosen: Sequence[str]) -> Document:
    found = [link(links.version(consumer, number), "Consumer version", number) for number in chosen]
    return {"pb:consumer-versions": found} if found else {}


def publication_list(links: Links, consumer: str, provider: str, pacts: Sequence[Publication], own: Document) -> Document:
    """Write a list of a pair's publications."""
    return {
        "_embedded": {"pacts": [_short(links, pact) for pact in pacts]},
        "_links": {
            "self": own,
            "consumer": link(links.pacticipant(consumer), "Consumer", consumer),
            "provider": link(links.pacticipant(provider), "Provider", provider),
            "pact-versions": [link(href_of(links, pact), "Pact", _dated(pact)) for pact in pacts],
        },
    }


def provider_list(links: Links, provider: str, pacts: Sequence[Publication], own: Document) -> Document:
    """Write a list of the pacts of a provider, in the old and the new relation."""
    new = [link(href_of(links, pact), name_of(pact), pact.consumer) for pact in pacts]
    notice = "DEPRECATED - please use the pb:pacts relation. "
    return {
        "_links": {
            "self": own,
            "pb:provider": link(links.pacticipant(provider), None, provider),
            "pb:pacts": new,
            "provider": link(links.pacticipant(provider), provider, "DEPRECATED - please use the pb:provider relation"),
            "pacts": [{**one, "title": notice + one["title"]} for one in new],
        },
    }


def tagged_list(links: Links, consumer: str, provider: str, pacts: Sequence[Publication], own: Document) -> Document:
    """Write a list of a pair's publications with a tag."""
    return {
        "_embedded": {"pacts": [_short(links, pact) for pact in pacts]},
        "_links": {
            "self": own,
            "pb:consumer": link(links.pacticipant(consumer), "Consumer", consumer),
            "pb:provider": link(links.pacticipant(provider), "Provider", provider),
            "pb:pact-versions": [
                link(href_of(links, pact), "Pact version", f"Version {pact.number} - {pact.created_at:%d/%m/%Y}")
                for pact in pacts
            ],
        },
    }


def after_removal(links: Links, consumer: str, provider: str, *, has_more: bool) -> Document:
    """Write what is left after a pact was deleted."""
    found = {"index": link(links.base)}
    if has_more:
        found["pb:latest-pact-version"] = link(f"{links.pair(consumer, provider)}/latest", "Latest pact")
    return {"_links": found}


def latest_list(links: Links, pacts: Sequence[Publication]) -> Document:
    """Write the latest pact of every pair."""
    latest = [
        link(f"{links.pair(pact.consumer, pact.provider)}/latest", f"Latest pact between {pact.consumer} and {pact.provider}")
        for pact in pacts
    ]
    return {
        "pacts": [_in_latest(links, pact) for pact in pacts],
        "_links": {
            "self": link(links.url("pacts", "latest")),
            "pb:pacts": latest,
            "pacts": [{**one, "name": "DEPRECATED - please use the pb:pacts relation"} for one in latest],
            "curies": links.curies("pacts"),
        },
    }


def _dated(pact: Publication) -> str:
    return f"Version {pact.number} - {pact.created_at:%d/%m/%Y}"


def _short(links: Links, pact: Publication) -> Document:
    version = link(links.version(pact.consumer, pact.number), "Version", pact.number)
    return {
        "createdAt": moment(pact.created_at),
        "_embedded": {"consumerVersion": {"number": pact.number, "_links": {"self": version}}},
        "_links": {"self": link(href_of(links, pact), name_of(pact))},
    }


def _in_latest(links: Links, pact: Publication) -> Document:
    own = link(links.version(pact.consumer, pact.number), "Version", pact.number)
    version = {"number": pact.number, "_links": {"self": own}}
    consumer = {
        "name": pact.consumer,
        "_embedded": {"version": version},
        "_links": {"self": link(links.pacticipant(pact.consumer))},
    }
    provider = {"name": pact.provider, "_links": {"self": link(links.pacticipant(pact.provider))}}
    return {
        "createdAt": moment(pact.created_at),
        "_embedded": {"consumer": consumer, "provider": provider},
        "_links": {
            "self": [
                link(f"{links.pair(pact.consumer, pact.provider)}/latest"),
                link(href_of(links, pact)),
            ],
        },
    }
