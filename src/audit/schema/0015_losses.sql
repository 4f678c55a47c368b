-- Segments that cannot be read are on record beside every other loss, for as long as they cannot.

-- When it was found damaged or missing; null while it is read.
ALTER TABLE segments ADD COLUMN lost_at INTEGER;
UPDATE segments SET lost_at = sealed_at WHERE state = 'damaged';
CREATE INDEX segments_lost ON segments(collector_id, last_at) WHERE lost_at IS NOT NULL;

-- What was collected and is never stored, and what was stored and is not read any more.
CREATE VIEW losses AS
    SELECT id, collector_id, reason, first_at, last_at, batches, documents, recorded_at FROM gaps
    UNION ALL
    SELECT 'segment-' || id, collector_id,
        CASE state WHEN 'damaged' THEN 'segment_damaged' ELSE 'segment_missing' END,
        first_at, last_at, 0, documents, lost_at
    FROM segments WHERE lost_at IS NOT NULL AND state <> 'leaving';
