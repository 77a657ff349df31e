-- OpenCart 2.3
-- include product_v2.sql
-- Tables of several character sets and engines, as years of upgrades leave them.
ALTER TABLE oc_customer CONVERT TO CHARACTER SET latin1, ENGINE = InnoDB;
ALTER TABLE oc_address CONVERT TO CHARACTER SET latin1;
ALTER TABLE oc_product_description CONVERT TO CHARACTER SET utf8mb4;
ALTER TABLE oc_url_alias CONVERT TO CHARACTER SET latin1;
ALTER TABLE oc_order CONVERT TO CHARACTER SET utf8mb4, ENGINE = InnoDB;
ALTER TABLE oc_order_history CONVERT TO CHARACTER SET latin2;
