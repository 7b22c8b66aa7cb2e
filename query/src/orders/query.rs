//! The parameters of lists of orders.
//!
//! A macro, because the parameters of a query are those of one struct: what is flattened into it
//! could not be told from what nobody knows, and nothing unknown is let through.

/// Defines the parameters of a list of orders: its own `$field`s, and those that all have. Its
/// `filters` are the filters that they come to, but for the customer.
macro_rules! orders_query {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])+ $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
        #[into_params(parameter_in = Query)]
        pub(crate) struct $name {
            /// Items on the page.
            #[param(minimum = 1, maximum = 200, default = 50)]
            limit: Option<u32>,
            /// `next_cursor` or `prev_cursor` of a page of the same list.
            cursor: Option<String>,
            /// How they are sorted.
            #[param(inline)]
            sort: Option<$crate::orders::Sort>,
            /// `placed`, `confirmed`, `rejected`, `expired`, `cancelling`, `cancelled` or `completed`.
            #[param(value_type = Option<String>, example = "confirmed")]
            status: Option<domain::order::Status>,
            /// `pending`, `authorizing`, `action_required`, `authorized`, `declined`, `outcome_unknown`,
            /// `voiding`, `voided`, `capturing`, `partially_captured`, `captured`, `refunding`,
            /// `partially_refunded`, `refunded` or `authorization_expired`.
            #[param(value_type = Option<String>, example = "authorized")]
            payment_status: Option<domain::payment::PaymentStatus>,
            /// `unfulfilled`, `partially_shipped`, `shipped`, `partially_delivered`, `delivered` or
            /// `lost`.
            #[param(value_type = Option<String>, example = "shipped")]
            fulfilment_status: Option<domain::order::FulfilmentStatus>,
            /// `none`, `open`, `partially_returned` or `returned`.
            #[param(value_type = Option<String>, example = "open")]
            return_status: Option<domain::order::OrderReturnStatus>,
            /// ISO 4217.
            #[param(value_type = Option<String>, example = "EUR")]
            currency: Option<domain::Currency>,
            /// With this tag.
            #[param(value_type = Option<String>, max_length = 64, example = "gift")]
            tag: Option<$crate::orders::Tag>,
            /// Placed then or later.
            #[serde(rename = "placed_at[gte]")]
            #[param(value_type = Option<String>, format = DateTime)]
            placed_from: Option<$crate::parameters::Time>,
            /// Placed before that.
            #[serde(rename = "placed_at[lt]")]
            #[param(value_type = Option<String>, format = DateTime)]
            placed_before: Option<$crate::parameters::Time>,
            /// Total of at least so many minor units.
            #[serde(rename = "total[gte]")]
            total_from: Option<i64>,
            /// Total of less than so many minor units.
            #[serde(rename = "total[lt]")]
            total_below: Option<i64>,
            /// Orders whose id, customer or reference begins with this.
            #[param(max_length = 100)]
            q: Option<String>,
            $($(#[$about])+ $field: $type,)*
        }

        impl $name {
            fn filters(
                &self,
                customer_id: Option<domain::CustomerId>,
            ) -> Result<$crate::orders::Filters, chassis::Problem> {
                let filters = $crate::orders::Filters {
                    sort: self.sort.unwrap_or_default(),
                    status: self.status,
                    payment_status: self.payment_status,
                    fulfilment_status: self.fulfilment_status,
                    return_status: self.return_status,
                    customer_id,
                    currency: self.currency,
                    tag: self.tag.clone(),
                    placed_from: self.placed_from,
                    placed_before: self.placed_before,
                    total_from: self.total_from,
                    total_below: self.total_below,
                    search: None,
                };
                filters.searching(self.q.as_deref())?.checked()
            }

            fn page(&self) -> (Option<u32>, Option<&str>) {
                (self.limit, self.cursor.as_deref())
            }
        }
    };
}

pub(crate) use orders_query;
