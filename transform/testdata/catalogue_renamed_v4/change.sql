UPDATE oc_product SET sort_order = 5;
-- read
UPDATE oc_manufacturer SET name = 'Fern &amp; Daughters' WHERE manufacturer_id = 2;
-- read
UPDATE oc_option_description SET name = 'Color' WHERE option_id = 4 AND language_id = 1;
-- read
UPDATE oc_option_value_description SET name = 'Crimson' WHERE option_value_id = 6 AND language_id = 1;
-- read
UPDATE oc_attribute_description SET name = 'Stuff' WHERE attribute_id = 1 AND language_id = 1;
-- read
UPDATE oc_weight_class_description SET unit = 'kilo' WHERE weight_class_id = 1;
-- read
-- The path of a category is content of the categories below and of the products in them.
UPDATE oc_category_description SET name = 'Kitchen' WHERE category_id = 20 AND language_id = 1;
-- read
DELETE FROM oc_manufacturer WHERE manufacturer_id = 2;
-- read
UPDATE oc_language SET code = 'en' WHERE language_id = 1;
