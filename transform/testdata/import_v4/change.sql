UPDATE oc_product SET sort_order = 5;
-- read
-- Many keys in one transaction, and a rewrite of all children with the same values.
START TRANSACTION;
UPDATE oc_product SET quantity = quantity - 1;
DELETE FROM oc_product_related;
INSERT INTO oc_product_related (product_id, related_id) VALUES (43, 42), (42, 43);
COMMIT;
