-- Statistics and settings: OpenCart 3.0 on. The time zone is Europe/Berlin.

INSERT INTO `oc_statistics` (statistics_id, code, value) VALUES
  (1, 'order_sale', 0), (2, 'order_processing', 0), (3, 'order_complete', 0), (4, 'order_other', 0), (5, 'returns', 0), (6, 'product', 0), (7, 'review', 0);

INSERT INTO `oc_setting` (store_id, code, `key`, value, serialized) VALUES
  (0, 'config', 'config_name', 'Example Shop', 0),
  (0, 'config', 'config_owner', 'Example Ltd', 0),
  (0, 'config', 'config_email', 'shop@example.com', 0),
  (0, 'config', 'config_timezone', 'Europe/Berlin', 0),
  (0, 'config', 'config_currency', 'EUR', 0),
  (0, 'config', 'config_country_id', '81', 0),
  (0, 'config', 'config_zone_id', '1256', 0),
  (0, 'config', 'config_length_class_id', '1', 0),
  (0, 'config', 'config_weight_class_id', '1', 0),
  (0, 'config', 'config_tax', '1', 0),
  (0, 'config', 'config_tax_default', 'shipping', 0),
  (0, 'config', 'config_tax_customer', 'shipping', 0),
  (0, 'config', 'config_customer_group_id', '1', 0),
  (0, 'config', 'config_customer_group_display', '["1","2"]', 1),
  (0, 'config', 'config_invoice_prefix', 'INV-2026-00', 0),
  (0, 'config', 'config_order_status_id', '1', 0),
  (0, 'config', 'config_processing_status', '["5","1","2","12","3"]', 1),
  (0, 'config', 'config_complete_status', '["5","3"]', 1),
  (0, 'config', 'config_stock_checkout', '1', 0),
  (0, 'payment_cod', 'payment_cod_status', '1', 0),
  (0, 'payment_cod', 'payment_cod_order_status_id', '1', 0),
  (0, 'shipping_flat', 'shipping_flat_status', '1', 0),
  (0, 'shipping_flat', 'shipping_flat_cost', '5.00', 0),
  (0, 'shipping_flat', 'shipping_flat_tax_class_id', '9', 0),
  (1, 'config', 'config_name', 'Example Outlet', 0),
  (1, 'config', 'config_currency', 'EUR', 0);
