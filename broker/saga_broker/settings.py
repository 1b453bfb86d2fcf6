"""What an operator can choose. Values come from the command line or from the environment; this module only holds them."""

from dataclasses import dataclass, field

DEFAULT_DATABASE_URL = "sqlite:///sagapact-broker.sqlite"


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """What webhooks may do. The names that the Pact Broker gives these stand in `serve/webhook_options.py`.

    Attributes:
        methods: Allowed HTTP methods.
        schemes: Allowed schemes.
        hosts: Allowed hosts: names, `*.domain`, networks, `/patterns/`. Empty: every host; then no answer is shown.
        private_networks: Addresses inside may be called although no entry of `hosts` names them.
        retry_schedule_s: Seconds from each failed attempt to the next; there is one attempt more than entries.
        success_statuses: Statuses that count as success.
        first_call_after_s: Seconds from the event to the first attempt.
        redact: Hide secrets in logs.
        verify_tls: Check certificates.
        certificates: PEM texts of further authorities that are trusted.
        user_agent: What a call names itself.
        timeout_s: Seconds for connecting, and for the whole answer.
        signing_key: Calls are signed with it (HMAC-SHA256); empty: they are not.
    """

    methods: tuple[str, ...] = ("POST",)
    schemes: tuple[str, ...] = ("https",)
    hosts: tuple[str, ...] = ()
    private_networks: bool = False
    retry_schedule_s: tuple[float, ...] = (10, 60, 120, 300, 600, 1200)
    success_statuses: tuple[int, ...] = (200, 201, 202, 203, 204, 205, 206)
    first_call_after_s: float = 5.0
    redact: bool = True
    verify_tls: bool = True
    certificates: tuple[str, ...] = ()
    user_agent: str = "Pact Broker v2.120.0"
    timeout_s: float = 15.0
    signing_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """The broker's settings.

    Attributes:
        database_url: A SQLAlchemy URL: `sqlite:///file` or `postgresql://user@host/name`.
        base_urls: Addresses that links may start with. Empty: the address of the request is used.
        trusted_proxies: Addresses and networks of the proxies whose `X-Forwarded-*` headers are believed.
        version_order: `date`: the version that came last is the newest; `semver`: the one with the greatest number.
        case_insensitive_names: Names of pacticipants that differ only in capital letters are the same.
        max_body_bytes: A larger request body is answered 413.
        max_json_depth: JSON nested deeper is answered 400.
        auto_detect_main_branch: Take the first branch or tag named like a main branch as the main branch.
        main_branch_candidates: Names that the detection looks for.
        use_first_tag_as_branch: The first tag of a version that is younger than `first_tag_age_s` makes a branch.
        first_tag_age_s: Seconds.
        create_deployed_versions_for_tags: A tag named like an environment records a deployment.
        allow_dangerous_contract_modification: Let a pact be replaced under the same consumer version.
        base_equality_only_on_content_that_affects_verification_results: Leave out of the content sha what no verification depends
            on; otherwise it is the SHA-1 of the whole text.
        check_for_potential_duplicate_pacticipant_names: Refuse a new name that reads like an existing one.
        pact_content_diff_timeout_s: Seconds after which a diff is given up with 408.
        verified_by_other_branch_lookback_days: How far back results of other branches count for work in progress.
        badge_provider_mode: `redirect`: badges are drawn by shields.io, as for the Pact Broker; `own`: they are drawn here.
        dynamic_wip_window: Choose how far back work in progress is looked for; the date that is asked for is then not looked at.
        pool_size: Database connections kept open.
        tokens: Let in only whoever shows a token.
        public_read: Reading needs no token.
        public_badges: Badges need no token.
        public_heartbeat: The sign of life needs no token.
        requests_a_minute: How often a token may ask that has no number of its own; 0: as often as it likes.
        job_lease_s: A worker that was not heard of for so many seconds is taken for dead; its job goes to another one.
        work: The broker does its own work: hands events on, calls webhooks, queues jobs. Off: events wait for one that does.
        webhooks: What webhooks may do.
        work_database_url: Where the engine of that work keeps its state; empty: beside the broker's database.
        traces_endpoint: Where traces are sent, by OTLP over HTTP; empty: nothing is traced.
        wait_s: Seconds that a request waits for other writers, or for a thread, before it is answered 503.
        work_s: Seconds that a request's statements may take, before it is answered 503.
    """

    database_url: str = DEFAULT_DATABASE_URL
    base_urls: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    version_order: str = "date"
    case_insensitive_names: bool = False
    max_body_bytes: int = 20 * 1024 * 1024
    max_json_depth: int = 50
    auto_detect_main_branch: bool = True
    main_branch_candidates: tuple[str, ...] = field(default=("develop", "main", "master"))
    use_first_tag_as_branch: bool = True
    first_tag_age_s: float = 10.0
    create_deployed_versions_for_tags: bool = True
    allow_dangerous_contract_modification: bool = False
    base_equality_only_on_content_that_affects_verification_results: bool = True
    check_for_potential_duplicate_pacticipant_names: bool = True
    pact_content_diff_timeout_s: float = 15.0
    verified_by_other_branch_lookback_days: int = 30
    badge_provider_mode: str = "redirect"
    dynamic_wip_window: bool = False
    pool_size: int = 10
    tokens: bool = False
    public_read: bool = False
    public_badges: bool = False
    public_heartbeat: bool = True
    requests_a_minute: int = 0
    job_lease_s: float = 30.0
    work: bool = False
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
    work_database_url: str = ""
    traces_endpoint: str = ""
    wait_s: float = 10.0
    work_s: float = 30.0
