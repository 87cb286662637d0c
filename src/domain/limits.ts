/**
 * Every time limit of Ductus, with its source. Limits that a site may change are defaults here and keys
 * in the configuration; the others are fixed.
 */
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export const LIMITS = {
  /** The entry point's whole wait for Temporal. Roche expects an answer "within a few seconds" (SPECS §1.3, assumed). */
  signalWithStartMs: 5 * SECOND,
  /** Retry-After of a 503: Temporal's dev server serves again after 1–15 s (ARCHITECTURE 3). */
  retryAfterSeconds: 15,

  /** First try of a quick step, as a local activity inside the workflow task. Past it, the step becomes a regular activity. */
  quickStepMs: 5 * SECOND,
  /** Database-only steps. */
  ledgerStepMs: 10 * SECOND,

  /** One request to Roche's token or ACK API: no documented time, so the worst documented one of the platform (create, 10 s) and a half more (SPECS §1.1). */
  rocheRequestMs: 15 * SECOND,
  /** TCP and TLS to a partner over HTTPS: two round trips and a lost packet's resend (3 s, RFC 6298) fit in. */
  httpConnectMs: 5 * SECOND,
  /** An HTTPS answer that stops for this long counts as broken. */
  httpIdleMs: 30 * SECOND,
  /** Roche's token: refreshed this long before its `Expiration` (SPECS §1.4, assumed). */
  tokenRefreshBeforeMs: 2 * MINUTE,
  /** STS credentials: refreshed this long before they end (SPECS §3.2, assumed). */
  stsRefreshBeforeMs: 5 * MINUTE,
  /** One try to fetch a file; a 12,000-observation bundle has about 15 MB. */
  retrieveTryMs: 2 * MINUTE,
  /** All tries to fetch a file before it is parked: Roche's own window is about 90 min (SPECS §1.3). */
  retrieveTotalMs: 2 * HOUR,
  /** One try to transform a file. */
  transformTryMs: 2 * MINUTE,
  transformTotalMs: 30 * MINUTE,

  /** Create a patient at Roche: average 1.5 s, worst 10 s (seed, SPECS §1.2), and half more (SPECS §1.1, assumed). */
  rocheCreateMs: 15 * SECOND,
  /** Update a patient: average 1.95 s, worst 4 s (seed, SPECS §1.2); 10 s by SPECS §1.1 (assumed). */
  rocheUpdateMs: 10 * SECOND,
  /** Read or search a patient: no documented time; as an update. */
  rocheReadMs: 10 * SECOND,
  /** One try to send a patient: a look-up, a create, and a look-up after it, each at its limit, and reserve. */
  sendPatientTryMs: 1 * MINUTE,
  /** A create whose answer did not come is looked up no sooner than the worst case after it was sent (SPECS §1.2). */
  rocheSettleMs: 10 * SECOND,
  /** After an update whose answer did not come, the next request waits for the worst case (SPECS §1.2), so that the older one is done. */
  rocheUpdateSettleMs: 4 * SECOND,
  /** One try to tell the registration desk: a webhook call and an e-mail, 10 s for each of their steps. */
  deskReportMs: 1 * MINUTE,
  /** All tries of it; the patient stands in the worklist all the same. */
  deskReportTotalMs: 24 * HOUR,
  /** The same control id within this time is the same message (PEERS: counters of a HIS begin anew). */
  controlIdWindowMs: 72 * HOUR,

  /** Default wait for an HL7 acknowledgment (Cloverleaf's default is 30 s, SPECS §6.4). */
  mllpAcknowledgmentMs: 30 * SECOND,
  mllpConnectMs: 5 * SECOND,
  /** A frame of the HIS has ended this long after it began: 1 MiB at 17 kB/s. */
  mllpFrameMs: 60 * SECOND,
  /** A HIS that does not take its answer within this time has gone. */
  mllpAnswerMs: 30 * SECOND,
  /** TLS handshake of a HIS: as long as an answer of Node's HTTPS servers may take (their default is 120 s) would keep a place too long. */
  mllpHandshakeMs: 10 * SECOND,
  /** Bytes of a connection that is being closed are read for this long, so that the last answer is not lost by a reset. */
  mllpLingerMs: 2 * SECOND,
  /** A dead peer is noticed by TCP after this and its probes. */
  mllpKeepAliveMs: 60 * SECOND,
  /** The look-up of a control id in PostgreSQL, which the workflow repeats anyway. */
  controlIdLookupMs: 1 * SECOND,
  /** After one that failed, nobody asks for this long. */
  controlIdLookupPauseMs: 5 * SECOND,
  /** Heartbeat of a delivery: a worker that dies is noticed after this. */
  deliverHeartbeatMs: 15 * SECOND,
  /** One try to deliver all messages of a file to one destination: 24 messages, each at the acknowledgment limit, and reserve. */
  deliverTryMs: 30 * MINUTE,
  /** Look again at a turn or a destination when no signal came: a lost signal costs this much, never the data. */
  waitFallbackMs: 1 * HOUR,

  /** All tries of an ACK before it is parked. Longer than Roche's window, so that an outage on their side needs nobody. */
  acknowledgeTotalMs: 24 * HOUR,

  /** Alert when a notification is not acknowledged this long after it first came: Roche's last repeat is at 90 min (seed, SPECS §1.3). */
  acknowledgeDeadlineMs: 80 * MINUTE,

  /** One page of a redelivery's comparison: 20 files, each a fetch from the blob store and a transform, and reserve. */
  compareTryMs: 10 * MINUTE,
  /** Heartbeat of a comparison: a file of 12,000 observations is compared in a few seconds. */
  compareHeartbeatMs: 1 * MINUTE,
  /** A page of starts: 50, each at most 5 s after the other, and reserve. */
  startPageMs: 10 * MINUTE,
  /** Heartbeat of such a page: three of its longest waits. */
  startHeartbeatMs: 15 * SECOND,

  /** Answers of health checks and metrics are kept this long, so that asking often is no load. */
  answerKeptMs: 1 * SECOND,
  /** How work stands is read for the metrics at most this often (Prometheus scrapes every 15 s to 1 min by custom). */
  standingRefreshMs: 10 * SECOND,
  /** Within Prometheus's default time for a scrape (10 s); past it, the gauges are silent. */
  standingReadMs: 5 * SECOND,
  sdkScrapeMs: 2 * SECOND,
  /** How often conditions are looked at that nothing else would notice: no traffic, old work, certificates. */
  watchEveryMs: 5 * MINUTE,
  /** One look at them. */
  watchTryMs: 30 * SECOND,

  /** One batch of blob deletions. */
  housekeepingTryMs: 1 * MINUTE,

  /** Growing waits of regular activities. */
  retryFirstMs: 1 * SECOND,
  retryLongestMs: 1 * MINUTE,
} as const;
