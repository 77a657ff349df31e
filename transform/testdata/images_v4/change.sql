UPDATE oc_product SET image = 'catalog/a b.jpg' WHERE product_id = 42;
UPDATE oc_product SET sort_order = 9 WHERE product_id = 43;
UPDATE oc_category SET sort_order = 9;
