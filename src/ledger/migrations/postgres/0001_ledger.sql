-- The books, version 1. Columns stand in the order of src/ledger/tables.rs.

CREATE TABLE entry (
    "partition" BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    shop TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    role TEXT NOT NULL,
    actor TEXT NOT NULL,
    request TEXT,
    outcome TEXT NOT NULL,
    payload BYTEA NOT NULL,
    crc BIGINT NOT NULL,
    PRIMARY KEY ("partition", epoch, seq)
);

CREATE TABLE movement (
    "partition" BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    n BIGINT NOT NULL,
    shop TEXT NOT NULL,
    sku TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    cause TEXT NOT NULL,
    reason TEXT,
    actor TEXT NOT NULL,
    customer TEXT,
    booking TEXT,
    order_id TEXT,
    drop_id TEXT,
    available BIGINT NOT NULL,
    drop_reserved BIGINT NOT NULL,
    booked BIGINT NOT NULL,
    allocated BIGINT NOT NULL,
    sold BIGINT NOT NULL,
    shortage BIGINT NOT NULL,
    outside BIGINT NOT NULL,
    after_available BIGINT NOT NULL,
    after_drop_reserved BIGINT NOT NULL,
    after_booked BIGINT NOT NULL,
    after_allocated BIGINT NOT NULL,
    after_sold BIGINT NOT NULL,
    after_shortage BIGINT NOT NULL,
    after_outside BIGINT NOT NULL,
    PRIMARY KEY ("partition", epoch, seq, n)
);

CREATE TABLE balance (
    shop TEXT NOT NULL,
    sku TEXT NOT NULL,
    available BIGINT NOT NULL,
    drop_reserved BIGINT NOT NULL,
    booked BIGINT NOT NULL,
    allocated BIGINT NOT NULL,
    sold BIGINT NOT NULL,
    shortage BIGINT NOT NULL,
    outside BIGINT NOT NULL,
    stock_in BIGINT NOT NULL,
    stock_out BIGINT NOT NULL,
    "partition" BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (shop, sku)
);

CREATE TABLE sku (
    shop TEXT NOT NULL,
    sku TEXT NOT NULL,
    title TEXT NOT NULL,
    price BIGINT NOT NULL,
    active BIGINT NOT NULL,
    preorder BIGINT NOT NULL,
    physical BIGINT NOT NULL,
    tracked BIGINT NOT NULL,
    components TEXT NOT NULL,
    PRIMARY KEY (shop, sku)
);

CREATE TABLE drop_ (
    shop TEXT NOT NULL,
    drop_id TEXT NOT NULL,
    live TEXT NOT NULL,
    sku TEXT NOT NULL,
    mode TEXT NOT NULL,
    price BIGINT NOT NULL,
    cap BIGINT,
    reserved BIGINT NOT NULL,
    state TEXT NOT NULL,
    made_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    PRIMARY KEY (shop, drop_id)
);

CREATE TABLE booking (
    shop TEXT NOT NULL,
    booking TEXT NOT NULL,
    customer TEXT NOT NULL,
    drop_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    qty BIGINT NOT NULL,
    held BIGINT NOT NULL,
    price BIGINT NOT NULL,
    origin TEXT NOT NULL,
    booked_ms BIGINT NOT NULL,
    deadline_ms BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    ended_ms BIGINT,
    PRIMARY KEY (shop, booking)
);

CREATE TABLE step (
    "partition" BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    n BIGINT NOT NULL,
    shop TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    actor TEXT NOT NULL,
    what TEXT NOT NULL,
    customer TEXT,
    booking TEXT,
    order_id TEXT,
    line BIGINT,
    qty BIGINT,
    held BIGINT,
    amount BIGINT,
    state TEXT,
    reason TEXT,
    PRIMARY KEY ("partition", epoch, seq, n)
);

CREATE TABLE order_ (
    shop TEXT NOT NULL,
    order_id TEXT NOT NULL,
    customer TEXT NOT NULL,
    origin TEXT NOT NULL,
    currency TEXT NOT NULL,
    vat_bp BIGINT NOT NULL,
    placed_ms BIGINT NOT NULL,
    state TEXT NOT NULL,
    since_ms BIGINT NOT NULL,
    deadline_ms BIGINT,
    secured TEXT,
    reason TEXT NOT NULL,
    placed_total BIGINT NOT NULL,
    captured BIGINT NOT NULL,
    refund_due BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    PRIMARY KEY (shop, order_id)
);

CREATE TABLE order_line (
    shop TEXT NOT NULL,
    order_id TEXT NOT NULL,
    line BIGINT NOT NULL,
    sku TEXT NOT NULL,
    components TEXT NOT NULL,
    booking TEXT,
    drop_id TEXT,
    price BIGINT NOT NULL,
    ordered BIGINT NOT NULL,
    qty BIGINT NOT NULL,
    allocated BIGINT NOT NULL,
    sold BIGINT NOT NULL,
    returned BIGINT NOT NULL,
    PRIMARY KEY (shop, order_id, line)
);

CREATE TABLE payment (
    shop TEXT NOT NULL,
    payment TEXT NOT NULL,
    order_id TEXT,
    named TEXT NOT NULL,
    method TEXT NOT NULL,
    status TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    captured BIGINT NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    expires_ms BIGINT,
    PRIMARY KEY (shop, payment)
);

CREATE TABLE money (
    "partition" BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    n BIGINT NOT NULL,
    shop TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    order_id TEXT NOT NULL,
    customer TEXT,
    payment TEXT,
    kind TEXT NOT NULL,
    amount BIGINT NOT NULL,
    note TEXT,
    PRIMARY KEY ("partition", epoch, seq, n)
);

CREATE TABLE reputation_entry (
    "partition" BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    n BIGINT NOT NULL,
    shop TEXT NOT NULL,
    customer TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    cause TEXT NOT NULL,
    booking TEXT,
    order_id TEXT,
    nominal BIGINT NOT NULL,
    applied BIGINT NOT NULL,
    "after" BIGINT NOT NULL,
    reason TEXT,
    PRIMARY KEY ("partition", epoch, seq, n)
);

CREATE TABLE customer (
    shop TEXT NOT NULL,
    customer TEXT NOT NULL,
    reputation BIGINT NOT NULL,
    restricted BIGINT NOT NULL,
    group_ TEXT,
    PRIMARY KEY (shop, customer)
);

CREATE TABLE settings (
    "partition" BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    shop TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    actor TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY ("partition", epoch, seq)
);

CREATE TABLE audit_trail (
    shop TEXT NOT NULL,
    n BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    role TEXT NOT NULL,
    actor TEXT NOT NULL,
    request TEXT,
    what TEXT NOT NULL,
    "before" TEXT,
    "after" TEXT,
    outcome TEXT NOT NULL,
    "partition" BIGINT,
    epoch BIGINT,
    seq BIGINT,
    hash TEXT NOT NULL,
    PRIMARY KEY (shop, n)
);

CREATE TABLE trail_head (
    shop TEXT NOT NULL,
    n BIGINT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (shop)
);

CREATE TABLE cursor (
    "partition" BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    crc BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    PRIMARY KEY ("partition")
);

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
CREATE FUNCTION lapak_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_trail
    FOR EACH STATEMENT EXECUTE FUNCTION lapak_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION lapak_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON money
    FOR EACH STATEMENT EXECUTE FUNCTION lapak_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON movement
    FOR EACH STATEMENT EXECUTE FUNCTION lapak_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reputation_entry
    FOR EACH STATEMENT EXECUTE FUNCTION lapak_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON settings
    FOR EACH STATEMENT EXECUTE FUNCTION lapak_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON step
    FOR EACH STATEMENT EXECUTE FUNCTION lapak_append_only();

CREATE TABLE lapak_schema (version BIGINT NOT NULL);
INSERT INTO lapak_schema VALUES (1);
