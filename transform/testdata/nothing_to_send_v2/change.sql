-- include order_v3.sql
-- An order of downloads: there is no shipping address and no method.
UPDATE oc_order SET shipping_firstname = '', shipping_lastname = '', shipping_company = '', shipping_address_1 = '', shipping_address_2 = '', shipping_city = '', shipping_postcode = '', shipping_country = '', shipping_country_id = 0,
  shipping_zone = '', shipping_zone_id = 0, shipping_address_format = '', shipping_custom_field = '[]', shipping_method = '', shipping_code = '' WHERE order_id = 7;
