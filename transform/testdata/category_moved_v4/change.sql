UPDATE oc_category SET sort_order = 7;
-- read
DELETE FROM oc_category_path WHERE category_id = 28;
-- read
INSERT INTO oc_category_path (category_id, path_id, level) VALUES (28, 28, 0);
UPDATE oc_category SET parent_id = 0 WHERE category_id = 28;
UPDATE oc_seo_url SET value = '28', keyword = 'mugs' WHERE value = '20_28';
-- wait 1s
DELETE FROM oc_category WHERE category_id = 20;
DELETE FROM oc_category_description WHERE category_id = 20;
DELETE FROM oc_category_path WHERE category_id = 20;
DELETE FROM oc_category_to_store WHERE category_id = 20;
DELETE FROM oc_product_to_category WHERE category_id = 20;
