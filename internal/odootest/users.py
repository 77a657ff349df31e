# Run in Odoo's shell by odoo.sh: makes the user the connector works as, and prints the API
# keys. The groups are those sinks/odoo/README.md asks for, and no others.
import datetime
import inspect

groups = [env.ref(name, raise_if_not_found=False) for name in [
    'base.group_user',
    'base.group_partner_manager',
    'sales_team.group_sale_manager',
    'stock.group_stock_manager',
    'account.group_account_invoice',
    'product.group_product_manager',  # 14 has no such group
    'product.group_product_variant',
    'product.group_product_pricelist',
    'account.group_delivery_invoice_address',  # 19
    'sale.group_delivery_invoice_address',  # 14
]]
users = env['res.users'].with_context(no_reset_password=True)
connector = users.create({
    'name': 'Connector',
    'login': 'connector',
    'password': 'connector',
    'email': 'connector@example.com',  # 14 can write no messages without one
    'group_ids' if 'group_ids' in users._fields else 'groups_id': [(6, 0, [g.id for g in groups if g])],
})

# A copy of the database must be whole: no files outside it. force_storage of 14 forgets the
# files that are fields of other records, which the extra condition asks for.
env['ir.config_parameter'].set_param('ir_attachment.location', 'db')
for file in env['ir.attachment'].search([('store_fname', '!=', False), '|', ('res_field', '=', False), ('res_field', '!=', False)]):
    file.write({'raw': file.raw, 'mimetype': file.mimetype})

for user in env.ref('base.user_admin'), connector:
    keys = env['res.users.apikeys'].with_user(user).sudo()
    end = [datetime.datetime.now() + datetime.timedelta(days=3650)] if len(inspect.signature(keys._generate).parameters) == 3 else []
    print(user.login, keys._generate('rpc', 'test', *end))
env.cr.commit()
