-- The books, version 1. Columns stand in the order of src/ledger/tables.rs.

CREATE TABLE entry (
    "partition" INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    shop TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    role TEXT NOT NULL,
    actor TEXT NOT NULL,
    request TEXT,
    outcome TEXT NOT NULL,
    payload BLOB NOT NULL,
    crc INTEGER NOT NULL,
    PRIMARY KEY ("partition", epoch, seq)
) WITHOUT ROWID, STRICT;

CREATE TABLE movement (
    "partition" INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    n INTEGER NOT NULL,
    shop TEXT NOT NULL,
    sku TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    cause TEXT NOT NULL,
    reason TEXT,
    actor TEXT NOT NULL,
    customer TEXT,
    booking TEXT,
    order_id TEXT,
    drop_id TEXT,
    available INTEGER NOT NULL,
    drop_reserved INTEGER NOT NULL,
    booked INTEGER NOT NULL,
    allocated INTEGER NOT NULL,
    sold INTEGER NOT NULL,
    shortage INTEGER NOT NULL,
    outside INTEGER NOT NULL,
    after_available INTEGER NOT NULL,
    after_drop_reserved INTEGER NOT NULL,
    after_booked INTEGER NOT NULL,
    after_allocated INTEGER NOT NULL,
    after_sold INTEGER NOT NULL,
    after_shortage INTEGER NOT NULL,
    after_outside INTEGER NOT NULL,
    PRIMARY KEY ("partition", epoch, seq, n)
) WITHOUT ROWID, STRICT;

CREATE TABLE balance (
    shop TEXT NOT NULL,
    sku TEXT NOT NULL,
    available INTEGER NOT NULL,
    drop_reserved INTEGER NOT NULL,
    booked INTEGER NOT NULL,
    allocated INTEGER NOT NULL,
    sold INTEGER NOT NULL,
    shortage INTEGER NOT NULL,
    outside INTEGER NOT NULL,
    stock_in INTEGER NOT NULL,
    stock_out INTEGER NOT NULL,
    "partition" INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (shop, sku)
) WITHOUT ROWID, STRICT;

CREATE TABLE sku (
    shop TEXT NOT NULL,
    sku TEXT NOT NULL,
    title TEXT NOT NULL,
    price INTEGER NOT NULL,
    active INTEGER NOT NULL,
    preorder INTEGER NOT NULL,
    physical INTEGER NOT NULL,
    tracked INTEGER NOT NULL,
    components TEXT NOT NULL,
    PRIMARY KEY (shop, sku)
) WITHOUT ROWID, STRICT;

CREATE TABLE drop_ (
    shop TEXT NOT NULL,
    drop_id TEXT NOT NULL,
    live TEXT NOT NULL,
    sku TEXT NOT NULL,
    mode TEXT NOT NULL,
    price INTEGER NOT NULL,
    cap INTEGER,
    reserved INTEGER NOT NULL,
    state TEXT NOT NULL,
    made_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    PRIMARY KEY (shop, drop_id)
) WITHOUT ROWID, STRICT;

CREATE TABLE booking (
    shop TEXT NOT NULL,
    booking TEXT NOT NULL,
    customer TEXT NOT NULL,
    drop_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    qty INTEGER NOT NULL,
    held INTEGER NOT NULL,
    price INTEGER NOT NULL,
    origin TEXT NOT NULL,
    booked_ms INTEGER NOT NULL,
    deadline_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    ended_ms INTEGER,
    PRIMARY KEY (shop, booking)
) WITHOUT ROWID, STRICT;

CREATE TABLE step (
    "partition" INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    n INTEGER NOT NULL,
    shop TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    what TEXT NOT NULL,
    customer TEXT,
    booking TEXT,
    order_id TEXT,
    line INTEGER,
    qty INTEGER,
    held INTEGER,
    amount INTEGER,
    state TEXT,
    reason TEXT,
    PRIMARY KEY ("partition", epoch, seq, n)
) WITHOUT ROWID, STRICT;

CREATE TABLE order_ (
    shop TEXT NOT NULL,
    order_id TEXT NOT NULL,
    customer TEXT NOT NULL,
    origin TEXT NOT NULL,
    currency TEXT NOT NULL,
    vat_bp INTEGER NOT NULL,
    placed_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    deadline_ms INTEGER,
    secured TEXT,
    reason TEXT NOT NULL,
    placed_total INTEGER NOT NULL,
    captured INTEGER NOT NULL,
    refund_due INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    PRIMARY KEY (shop, order_id)
) WITHOUT ROWID, STRICT;

CREATE TABLE order_line (
    shop TEXT NOT NULL,
    order_id TEXT NOT NULL,
    line INTEGER NOT NULL,
    sku TEXT NOT NULL,
    components TEXT NOT NULL,
    booking TEXT,
    drop_id TEXT,
    price INTEGER NOT NULL,
    ordered INTEGER NOT NULL,
    qty INTEGER NOT NULL,
    allocated INTEGER NOT NULL,
    sold INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    PRIMARY KEY (shop, order_id, line)
) WITHOUT ROWID, STRICT;

CREATE TABLE payment (
    shop TEXT NOT NULL,
    payment TEXT NOT NULL,
    order_id TEXT,
    named TEXT NOT NULL,
    method TEXT NOT NULL,
    status TEXT NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    captured INTEGER NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    PRIMARY KEY (shop, payment)
) WITHOUT ROWID, STRICT;

CREATE TABLE money (
    "partition" INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    n INTEGER NOT NULL,
    shop TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    order_id TEXT NOT NULL,
    customer TEXT,
    payment TEXT,
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL,
    note TEXT,
    PRIMARY KEY ("partition", epoch, seq, n)
) WITHOUT ROWID, STRICT;

CREATE TABLE reputation_entry (
    "partition" INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    n INTEGER NOT NULL,
    shop TEXT NOT NULL,
    customer TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    cause TEXT NOT NULL,
    booking TEXT,
    order_id TEXT,
    nominal INTEGER NOT NULL,
    applied INTEGER NOT NULL,
    "after" INTEGER NOT NULL,
    reason TEXT,
    PRIMARY KEY ("partition", epoch, seq, n)
) WITHOUT ROWID, STRICT;

CREATE TABLE customer (
    shop TEXT NOT NULL,
    customer TEXT NOT NULL,
    reputation INTEGER NOT NULL,
    restricted INTEGER NOT NULL,
    group_ TEXT,
    PRIMARY KEY (shop, customer)
) WITHOUT ROWID, STRICT;

CREATE TABLE settings (
    "partition" INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    shop TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY ("partition", epoch, seq)
) WITHOUT ROWID, STRICT;

CREATE TABLE audit_trail (
    shop TEXT NOT NULL,
    n INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    role TEXT NOT NULL,
    actor TEXT NOT NULL,
    request TEXT,
    what TEXT NOT NULL,
    "before" TEXT,
    "after" TEXT,
    outcome TEXT NOT NULL,
    "partition" INTEGER,
    epoch INTEGER,
    seq INTEGER,
    hash TEXT NOT NULL,
    PRIMARY KEY (shop, n)
) WITHOUT ROWID, STRICT;

CREATE TABLE trail_head (
    shop TEXT NOT NULL,
    n INTEGER NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (shop)
) WITHOUT ROWID, STRICT;

CREATE TABLE cursor (
    "partition" INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    PRIMARY KEY ("partition")
) WITHOUT ROWID, STRICT;

CREATE INDEX movement_of_sku ON movement (shop, sku, epoch, seq, n);
CREATE INDEX step_of_booking ON step (shop, booking) WHERE booking IS NOT NULL;
CREATE INDEX step_of_order ON step (shop, order_id) WHERE order_id IS NOT NULL;
CREATE INDEX booking_of_customer ON booking (shop, customer, booked_ms);
CREATE INDEX booking_by_day ON booking (shop, booked_ms);
CREATE INDEX order_of_customer ON order_ (shop, customer, placed_ms);
CREATE INDEX order_by_day ON order_ (shop, placed_ms);
CREATE INDEX money_of_order ON money (shop, order_id);
CREATE INDEX money_by_day ON money (shop, at_ms);
CREATE INDEX reputation_of_customer ON reputation_entry (shop, customer, epoch, seq, n);
CREATE INDEX payment_of_order ON payment (shop, order_id);

-- Views that must be empty.

-- I-1, I-5: what leaves a bucket comes into another.
CREATE VIEW v_conservation AS
SELECT shop, sku, "partition", epoch, seq, n,
    available + drop_reserved + booked + allocated + sold - shortage + outside AS difference
FROM movement
WHERE available + drop_reserved + booked + allocated + sold - shortage + outside <> 0;

-- A decision left other buckets behind than its own facts say.
CREATE VIEW v_unexplained AS
SELECT shop, sku, "partition", epoch, seq, n FROM movement WHERE cause = 'unexplained';

-- I-5: a bucket is the sum of its movements.
CREATE VIEW v_balance AS
SELECT b.shop, b.sku FROM balance b
LEFT JOIN (
    SELECT shop, sku, SUM(available) AS available, SUM(drop_reserved) AS drop_reserved,
        SUM(booked) AS booked, SUM(allocated) AS allocated, SUM(sold) AS sold,
        SUM(shortage) AS shortage, SUM(outside) AS outside
    FROM movement GROUP BY shop, sku
) m ON m.shop = b.shop AND m.sku = b.sku
WHERE b.available <> COALESCE(m.available, 0) OR b.drop_reserved <> COALESCE(m.drop_reserved, 0)
    OR b.booked <> COALESCE(m.booked, 0) OR b.allocated <> COALESCE(m.allocated, 0)
    OR b.sold <> COALESCE(m.sold, 0) OR b.shortage <> COALESCE(m.shortage, 0)
    OR b.outside <> COALESCE(m.outside, 0)
    OR b.available < 0 OR b.drop_reserved < 0 OR b.booked < 0 OR b.allocated < 0 OR b.sold < 0
    OR b.shortage < 0;

-- I-6: a booking is made once, ends at most once, and gives away what it had and no more.
CREATE VIEW v_booking_ended_twice AS
SELECT shop, booking FROM step WHERE booking IS NOT NULL AND held IS NOT NULL
GROUP BY shop, booking
HAVING SUM(CASE WHEN what = 'booked' THEN 1 ELSE 0 END) <> 1
    OR SUM(CASE WHEN what <> 'booked' AND held = 0 THEN 1 ELSE 0 END) > 1
    OR SUM(CASE WHEN what = 'booked' THEN qty ELSE -qty END) <> MIN(held);

-- D.5: money that came a day ago and belongs to no order.
CREATE VIEW v_payment_unmatched AS
SELECT shop, payment FROM payment
WHERE order_id IS NULL AND status = 'settled'
    AND first_ms < (SELECT MAX(at_ms) FROM cursor) - 86400000;

-- Entries that are missing between others of an epoch, or that the cursor counts otherwise.
CREATE VIEW v_gap AS
SELECT "partition", epoch FROM entry GROUP BY "partition", epoch
HAVING COUNT(*) <> MAX(seq) - MIN(seq) + 1
UNION ALL
SELECT c."partition", c.epoch FROM cursor c
WHERE c.entries <> (SELECT COUNT(*) FROM entry e WHERE e."partition" = c."partition");

-- I-15: an order's money is what was posted of it, none of it twice.
CREATE VIEW v_money AS
SELECT o.shop, o.order_id FROM order_ o
LEFT JOIN (
    SELECT shop, order_id,
        SUM(CASE WHEN kind = 'captured' THEN amount ELSE 0 END) AS captured,
        SUM(CASE WHEN kind = 'owed' THEN amount ELSE 0 END) AS owed,
        SUM(CASE WHEN kind = 'refunded' THEN amount ELSE 0 END) AS refunded
    FROM money GROUP BY shop, order_id
) m ON m.shop = o.shop AND m.order_id = o.order_id
WHERE o.captured <> COALESCE(m.captured, 0) OR o.refunded <> COALESCE(m.refunded, 0)
    OR o.refund_due <> COALESCE(m.owed, 0) - COALESCE(m.refunded, 0)
    OR o.refund_due < 0 OR o.captured - o.refunded - o.refund_due < 0
    OR (o.state IN ('paid', 'shipped', 'finished') AND o.captured > 0
        AND o.captured = o.refunded);

-- I-8: reputation is the fold of its entries, clamped to 0..100.
CREATE VIEW v_reputation AS
SELECT shop, customer FROM (
    SELECT shop, customer, nominal, applied, after,
        LAG(after, 1, 100) OVER w AS was,
        LEAD(after) OVER w AS later
    FROM reputation_entry
    WINDOW w AS (PARTITION BY shop, customer ORDER BY epoch, seq, n)
) r
WHERE after <> was + applied OR after < 0 OR after > 100
    OR after <> (CASE WHEN was + nominal > 100 THEN 100 WHEN was + nominal < 0 THEN 0
                 ELSE was + nominal END)
UNION ALL
SELECT c.shop, c.customer FROM customer c
WHERE c.reputation <> COALESCE((
    SELECT r.after FROM reputation_entry r
    WHERE r.shop = c.shop AND r.customer = c.customer
    ORDER BY r.epoch DESC, r.seq DESC, r.n DESC LIMIT 1), 100);

-- R-BOOK-9: an order is rewarded once.
CREATE VIEW v_reward_twice AS
SELECT shop, order_id FROM reputation_entry
WHERE cause = 'paid' GROUP BY shop, order_id HAVING COUNT(*) > 1;

-- What is appended is never changed: also not by us.
CREATE TRIGGER audit_trail_no_update BEFORE UPDATE ON audit_trail
BEGIN SELECT RAISE(ABORT, 'audit_trail is append-only'); END;
CREATE TRIGGER audit_trail_no_delete BEFORE DELETE ON audit_trail
BEGIN SELECT RAISE(ABORT, 'audit_trail is append-only'); END;
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
CREATE TRIGGER money_no_update BEFORE UPDATE ON money
BEGIN SELECT RAISE(ABORT, 'money is append-only'); END;
CREATE TRIGGER money_no_delete BEFORE DELETE ON money
BEGIN SELECT RAISE(ABORT, 'money is append-only'); END;
CREATE TRIGGER movement_no_update BEFORE UPDATE ON movement
BEGIN SELECT RAISE(ABORT, 'movement is append-only'); END;
CREATE TRIGGER movement_no_delete BEFORE DELETE ON movement
BEGIN SELECT RAISE(ABORT, 'movement is append-only'); END;
CREATE TRIGGER reputation_entry_no_update BEFORE UPDATE ON reputation_entry
BEGIN SELECT RAISE(ABORT, 'reputation_entry is append-only'); END;
CREATE TRIGGER reputation_entry_no_delete BEFORE DELETE ON reputation_entry
BEGIN SELECT RAISE(ABORT, 'reputation_entry is append-only'); END;
CREATE TRIGGER settings_no_update BEFORE UPDATE ON settings
BEGIN SELECT RAISE(ABORT, 'settings is append-only'); END;
CREATE TRIGGER settings_no_delete BEFORE DELETE ON settings
BEGIN SELECT RAISE(ABORT, 'settings is append-only'); END;
CREATE TRIGGER step_no_update BEFORE UPDATE ON step
BEGIN SELECT RAISE(ABORT, 'step is append-only'); END;
CREATE TRIGGER step_no_delete BEFORE DELETE ON step
BEGIN SELECT RAISE(ABORT, 'step is append-only'); END;

-- Whose file it is, and of which version.
PRAGMA application_id = 1282435948;
PRAGMA user_version = 1;
