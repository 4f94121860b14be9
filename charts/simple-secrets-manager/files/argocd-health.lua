-- Health of a SecretSync, for Argo CD: resource.customizations.health.simplesecrets.io_SecretSync in argocd-cm.
local health = { status = "Progressing", message = "The operator has not looked at it yet." }
local status = obj.status
if status == nil or status.conditions == nil then
  return health
end
for _, condition in ipairs(status.conditions) do
  if condition.type == "Ready" then
    -- What is said of an older spec says nothing about this one.
    if condition.observedGeneration ~= nil and condition.observedGeneration ~= obj.metadata.generation then
      health.message = "The operator has not looked at this spec yet."
    elseif condition.reason == "Suspended" then
      health.status = "Suspended"
      health.message = condition.message
    elseif condition.status == "True" then
      health.status = "Healthy"
      health.message = condition.message
    elseif condition.status == "False" then
      health.status = "Degraded"
      health.message = condition.reason .. ": " .. condition.message
    else
      health.message = condition.message
    end
  end
end
return health
