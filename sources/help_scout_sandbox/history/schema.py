"""The event history's tables and the SQL that derives the state of conversations from them.

Every fact table has the columns `conversation_id`, `inbox_id`, `channel`, `customer_id` and
`hidden`, so that one filter clause fits them all, and is clustered by its instant, so that a
window is one sequential read. `hidden` is 1 for conversations that are spam or deleted.
"""

FACT = "inbox_id INTEGER NOT NULL, channel TEXT NOT NULL, customer_id INTEGER NOT NULL"

TABLES = f"""
CREATE TABLE event (
  ts INTEGER NOT NULL, id INTEGER NOT NULL, conversation_id INTEGER NOT NULL, {FACT},
  kind INTEGER NOT NULL, user_id INTEGER NOT NULL, cell INTEGER NOT NULL,
  opening INTEGER NOT NULL, first_reply INTEGER NOT NULL, replies_so_far INTEGER NOT NULL,
  seconds INTEGER, office_seconds INTEGER, handle_seconds INTEGER,
  saved_reply_id INTEGER, workflow_id INTEGER, hidden INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (ts, id)
) WITHOUT ROWID;

CREATE TABLE conversation (
  conversation_id INTEGER PRIMARY KEY, {FACT},
  created_at INTEGER NOT NULL, subject INTEGER NOT NULL, attachments INTEGER NOT NULL,
  option_id INTEGER, spam_at INTEGER, deleted INTEGER NOT NULL DEFAULT 0, touched_at INTEGER,
  first_response INTEGER, first_response_office INTEGER,
  hidden INTEGER NOT NULL DEFAULT 1, status TEXT NOT NULL DEFAULT '',
  modified_at INTEGER, thread_count INTEGER, last_event INTEGER, assigned_id INTEGER,
  waiting_since INTEGER, folder_id INTEGER, tag_count INTEGER NOT NULL DEFAULT 0,
  resolved_at INTEGER, resolution_event INTEGER, replies_to_resolve INTEGER,
  seconds INTEGER, office_seconds INTEGER
);

CREATE TABLE tag_event (conversation_id INTEGER NOT NULL, tag_id INTEGER NOT NULL,
  ts INTEGER NOT NULL, PRIMARY KEY (conversation_id, tag_id)) WITHOUT ROWID;
CREATE TABLE tagged (conversation_id INTEGER NOT NULL, tag_id INTEGER NOT NULL,
  PRIMARY KEY (conversation_id, tag_id)) WITHOUT ROWID;

CREATE TABLE rating (
  ts INTEGER NOT NULL, id INTEGER NOT NULL, conversation_id INTEGER NOT NULL, {FACT},
  user_id INTEGER NOT NULL, thread_id INTEGER NOT NULL, thread_ts INTEGER NOT NULL,
  rating INTEGER NOT NULL, comment INTEGER, hidden INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (ts, id)
) WITHOUT ROWID;

CREATE TABLE chat (
  ts INTEGER NOT NULL, conversation_id INTEGER NOT NULL, {FACT},
  user_id INTEGER NOT NULL, missed INTEGER NOT NULL, messages INTEGER NOT NULL,
  wait INTEGER, wait_office INTEGER, response REAL, response_office REAL,
  duration INTEGER, duration_office INTEGER, hidden INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (ts, conversation_id)
) WITHOUT ROWID;

CREATE TABLE visit (
  ts INTEGER NOT NULL, id INTEGER NOT NULL, site_id TEXT NOT NULL, visitor INTEGER NOT NULL,
  searched INTEGER NOT NULL, outcome TEXT NOT NULL, views INTEGER NOT NULL,
  PRIMARY KEY (ts, id)
) WITHOUT ROWID;
CREATE TABLE article_view (ts INTEGER NOT NULL, id INTEGER NOT NULL, site_id TEXT NOT NULL,
  article INTEGER NOT NULL, PRIMARY KEY (ts, id)) WITHOUT ROWID;
CREATE TABLE search (ts INTEGER NOT NULL, id INTEGER NOT NULL, site_id TEXT NOT NULL,
  term TEXT NOT NULL, results INTEGER NOT NULL, PRIMARY KEY (ts, id)) WITHOUT ROWID;

CREATE TABLE option (id INTEGER PRIMARY KEY, field_id INTEGER NOT NULL);
CREATE TEMP TABLE stale (conversation_id INTEGER PRIMARY KEY);
"""

# made after the first load: filling them row by row doubles its time
INDEXES = """
CREATE INDEX event_of_conversation ON event (conversation_id, id);
CREATE INDEX conversation_resolved ON conversation (resolved_at);
CREATE INDEX conversation_spam ON conversation (spam_at) WHERE spam_at IS NOT NULL;
CREATE INDEX tag_event_ts ON tag_event (ts);
CREATE INDEX rating_of_conversation ON rating (conversation_id);
CREATE INDEX chat_of_conversation ON chat (conversation_id);
"""

STALE_AFTER_ADVANCE = """
INSERT OR IGNORE INTO stale
SELECT conversation_id FROM event WHERE ts > :since AND ts <= :until
UNION SELECT conversation_id FROM tag_event WHERE ts > :since AND ts <= :until
UNION SELECT conversation_id FROM conversation WHERE spam_at > :since AND spam_at <= :until
"""

# The greatest id of a kind is the latest such event: ids grow with time inside a conversation.
DERIVE_STATE = """
UPDATE conversation SET
  hidden = conversation.deleted OR COALESCE(conversation.spam_at <= :until, 0),
  modified_at = MAX(s.last_ts, COALESCE(conversation.touched_at, 0)),
  thread_count = s.threads, last_event = s.last_event,
  status = CASE s.last_step % 10 WHEN 4 THEN 'closed' WHEN 2 THEN 'pending' ELSE 'active' END,
  assigned_id = COALESCE(s.last_actor % 10000000, 0),
  waiting_since = COALESCE(s.last_message_ts, s.last_ts),
  resolution_event = s.resolution_event, resolved_at = s.resolved_at
FROM (
  SELECT conversation_id, MAX(ts) AS last_ts, SUM(kind <> 4) AS threads, MAX(id) AS last_event,
    MAX(CASE WHEN kind <> 3 THEN id * 10 + kind END) AS last_step,
    MAX(CASE WHEN kind IN (2, 5) THEN (id % 100) * 10000000 + user_id END) AS last_actor,
    MAX(CASE WHEN kind = 1 THEN ts END) AS last_message_ts,
    MAX(CASE WHEN kind = 4 AND replies_so_far > 0 THEN id END) AS resolution_event,
    MAX(CASE WHEN kind = 4 AND replies_so_far > 0 THEN ts END) AS resolved_at
  FROM event
  WHERE conversation_id IN (SELECT conversation_id FROM stale) AND ts <= :until
  GROUP BY conversation_id
) s
WHERE conversation.conversation_id = s.conversation_id
"""

DERIVE_RESOLUTION = """
UPDATE conversation SET replies_to_resolve = e.replies_so_far,
  seconds = e.seconds, office_seconds = e.office_seconds
FROM event e
WHERE conversation.conversation_id IN (SELECT conversation_id FROM stale)
  AND e.conversation_id = conversation.conversation_id AND e.id = conversation.resolution_event
"""

DERIVE_TAGS = (
    "DELETE FROM tagged WHERE conversation_id IN (SELECT conversation_id FROM stale)",
    """INSERT INTO tagged SELECT conversation_id, tag_id FROM tag_event
    WHERE conversation_id IN (SELECT conversation_id FROM stale) AND ts <= :until""",
    """UPDATE conversation SET tag_count =
    (SELECT COUNT(*) FROM tagged t WHERE t.conversation_id = conversation.conversation_id)
    WHERE conversation_id IN (SELECT conversation_id FROM stale)""",
)

DERIVE_FOLDERS = """
UPDATE conversation SET folder_id = inbox_id * 10 + CASE
  WHEN hidden THEN 5 WHEN status = 'closed' THEN 4
  WHEN assigned_id = 0 THEN 1 WHEN assigned_id = :owner THEN 2 ELSE 3 END
WHERE conversation_id IN (SELECT conversation_id FROM stale)
"""

DERIVE_HIDDEN = tuple(
    f"""UPDATE {table} SET hidden = c.hidden FROM conversation c
    WHERE {table}.conversation_id IN (SELECT conversation_id FROM stale)
      AND c.conversation_id = {table}.conversation_id AND {table}.hidden <> c.hidden"""
    for table in ("event", "rating", "chat")
)

DERIVE = (
    DERIVE_STATE,
    DERIVE_RESOLUTION,
    *DERIVE_TAGS,
    DERIVE_FOLDERS,
    *DERIVE_HIDDEN,
    "DELETE FROM stale",
)
