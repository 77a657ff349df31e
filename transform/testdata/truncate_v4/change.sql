UPDATE oc_product SET sort_order = 5;
-- read
TRUNCATE TABLE oc_product_related;
-- wait 1s
TRUNCATE TABLE oc_manufacturer;
-- wait 1s
TRUNCATE TABLE oc_category;
-- wait 1s
