DELETE FROM oc_product_code WHERE product_id = 42;
UPDATE oc_product SET sort_order = 5 WHERE product_id = 42;
-- read
-- Extensions and upgrades alter tables while the agent runs.
ALTER TABLE oc_product ADD COLUMN colour varchar(10) DEFAULT 'red' AFTER product_id;
UPDATE oc_product SET minimum = 2 WHERE product_id = 42;
-- wait 2s
ALTER TABLE oc_product DROP COLUMN location, ADD COLUMN mpn varchar(64) DEFAULT 'MPN-1' AFTER model;
UPDATE oc_product SET minimum = 3 WHERE product_id = 42;
-- wait 2s
-- wait 1s
ALTER TABLE oc_product DROP COLUMN mpn, MODIFY price decimal(12,2);
-- wait 2s
-- A table is made anew: what is not in it at once may come in a moment.
RENAME TABLE oc_product_related TO oc_old;
CREATE TABLE oc_product_related LIKE oc_old;
-- read
INSERT INTO oc_product_related SELECT * FROM oc_old;
