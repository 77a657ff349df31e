-- Before 1.5.4 each tag was a row.
INSERT INTO oc_product_tag (product_id, language_id, tag) VALUES (42, 1, 'stone'), (42, 2, 'Becher'), (42, 1, 'cup &amp; mug');
-- read
DELETE FROM oc_product_tag WHERE product_id = 42;
INSERT INTO oc_product_tag (product_id, language_id, tag) VALUES (42, 1, 'stone');
-- read
-- An upgrade: the column counts from here on.
ALTER TABLE oc_product_description ADD COLUMN tag text NOT NULL AFTER meta_keyword;
UPDATE oc_product_description SET tag = 'stone,blue' WHERE product_id = 42;
